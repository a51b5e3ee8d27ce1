// Replaces methods of an object, whatever class it is of.

/** Returns the object with other methods; the rest is its own. */
export function override<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(of, name) {
      const own = methods[name as keyof T];
      if (own !== undefined) return own;
      const value = Reflect.get(of, name, of) as unknown;
      return typeof value === "function" ? (value.bind(of) as unknown) : value;
    },
  });
}
