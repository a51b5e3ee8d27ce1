import { expect, test } from "vitest";
import { readListenAddress } from "../src/listen-address.ts";

test("loopback addresses need no TLS", () => {
  const listens = ["127.0.0.1:7433", "127.9.0.1:0", "localhost:7433", "[::1]:7433"];
  expect(listens.map((listen) => readListenAddress({ listen }).host)).toEqual([
    "127.0.0.1",
    "127.9.0.1",
    "localhost",
    "::1",
  ]);
});

test("other addresses need TLS, or the word of the admin that a proxy has it", () => {
  const tls = { cert: "", key: "" };
  for (const listen of [
    "0.0.0.0:7433",
    "[::]:7433",
    "10.0.0.1:7433",
    "127.example.org:7433",
    "[::ffff:10.0.0.1]:7433",
  ]) {
    expect(() => readListenAddress({ listen })).toThrow(
      /set tls_cert_file and tls_key_file, or insecure = true/,
    );
    expect(readListenAddress({ listen, tls }).port).toBe(7433);
    expect(readListenAddress({ listen, isInsecure: true }).port).toBe(7433);
  }
});

test("what is no address is refused with an example", () => {
  for (const listen of ["", "7433", "localhost", "a:b:7433", "localhost:70000", "[::1:7433"])
    expect(() => readListenAddress({ listen })).toThrow(/such as "127.0.0.1:7433"/);
});
