// A client over the types of schema.d.ts, with nothing but fetch: Node 18, Deno, browsers.
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
type Method = "get" | "post" | "put" | "patch" | "delete";
type Described = { responses: object };
/** The paths that have that method. */
export type Door<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: Described } ? P : never }[keyof paths];
type Operation<M extends Method, P extends keyof paths> = paths[P] extends { [K in M]: infer O extends Described } ? O : never;
type Content<R> = R extends { content: infer C extends object } ? C[keyof C] : undefined;
/** What comes back where nothing is refused. */
export type Answer<O extends Described> = { [S in keyof O["responses"]]: S extends 200 | 201 | 202 | 204 ? Content<O["responses"][S]> : never }[keyof O["responses"]];
type Path<O> = O extends { parameters: { path: infer T } } ? { path: T } : object;
type Query<O> = O extends { parameters: { query: infer T } } ? { query: T } : O extends { parameters: { query?: infer T } } ? { query?: T } : object;
type Body<O> = O extends { requestBody: { content: infer C extends object } } ? { body: C[keyof C] } : object;
type Ask<O> = Path<O> & Query<O> & Body<O> & { headers?: Record<string, string> };

/** A refusal: go by its name, never by its title. */
export class Refused extends Error {
  override readonly name: string;
  constructor(readonly problem: Schemas["Problem"], readonly requestId: string | null, readonly retryAfter: number | null) {
    super(problem.title);
    this.name = problem.type.replace("urn:gridvault:problem:", "");
  }
}

export class Gridvault {
  constructor(private readonly url: string, private readonly token?: string) {}

  /** Asks at a door; throws `Refused`. */
  async ask<M extends Method, P extends Door<M>>(method: M, path: P, ask: Ask<Operation<M, P>>): Promise<Answer<Operation<M, P>>> {
    const { path: ids, query, body, headers } = ask as { path?: object; query?: object; body?: unknown; headers?: object };
    let to = String(path);
    for (const [name, id] of Object.entries(ids ?? {})) to = to.replace(`{${name}}`, encodeURIComponent(id));
    const asked = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
    if (asked.length > 0) to += `?${new URLSearchParams(asked.map(([name, value]) => [name, String(value)]))}`;
    const response = await fetch(this.url + to, {
      method: method.toUpperCase(),
      headers: { "Content-Type": "application/json", ...(this.token && { Authorization: `Bearer ${this.token}` }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return (text ? JSON.parse(text) : undefined) as Answer<Operation<M, P>>;
    const wait = response.headers.get("Retry-After");
    throw new Refused(JSON.parse(text), response.headers.get("X-Request-Id"), wait === null ? null : Number(wait));
  }

  /** The same client for whom a one-time code signs in. */
  async signIn(code: string): Promise<Gridvault> {
    const { token } = await this.ask("post", "/v1/sessions", { body: { code } });
    return new Gridvault(this.url, token);
  }
}
