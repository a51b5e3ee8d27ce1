// The table of the REST API.

import { key, section, unsetKey } from "./key.ts";
import { FILE, HOST, WEB_URL } from "./named-values.ts";
import { boolean, duration, integer } from "./value-types.ts";

export const api = section("The HTTP server of people and programs: memodag api-server.", {
  enabled: key(boolean, {
    description: "False: memodag dev starts none.",
    default: true,
  }),
  host: key(HOST, {
    description: "Address to listen on. One that is not of this machine alone needs TLS.",
    default: "127.0.0.1",
  }),
  port: key(integer(0, 65_535), {
    description: "Port to listen on; 0 is any that is free.",
    default: 8470,
  }),
  public_url: unsetKey(WEB_URL, {
    description:
      "The URL that browsers and programs use, where a proxy is in front or the machine has another name. Requests for other names are refused.",
    example: "https://memodag.example",
  }),
  session: key(duration("15m", "90d"), {
    description: "How long a person stays signed in.",
    default: "30d",
  }),
  tls_cert_file: unsetKey(FILE, {
    description: "File with the certificate of the server and those of its authorities, as PEM.",
    example: "/etc/memodag/api.pem",
  }),
  tls_key_file: unsetKey(FILE, {
    description: "File with the key of the certificate, as PEM.",
    example: "/etc/memodag/api.key",
  }),
});
