// Text files that the examples import with { type: "text" }.

declare module "*.txt" {
  const text: string;
  export default text;
}
