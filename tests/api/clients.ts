// The TypeScript client, used: sign in, self, a task, a lookup, a refusal. Compiled strictly, so its types are held to as well.
import { Gridvault, Refused, type Schemas } from "../../docs/clients/typescript/gridvault";

declare const process: { argv: string[]; exit(code: number): never };
const [url = "", code = "", hotline = "", officer = "", place = "", post = ""] = process.argv.slice(2);

function same(got: unknown, expected: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(expected)) {
    throw new Error(`${JSON.stringify(got)} is not ${JSON.stringify(expected)}`);
  }
}

async function refused(asking: Promise<unknown>): Promise<Refused> {
  try {
    await asking;
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  throw new Error("it should have been refused");
}

async function main(): Promise<void> {
  const resident = await new Gridvault(url).signIn(code);
  same((await resident.ask("get", "/v1/self", {})).capacities[0]?.role, "resident");
  const vault = new Gridvault(url, hotline);
  const own = await vault.ask("get", "/v1/self", {});
  same(own.capacities[0]?.purposes["case_handling"]?.fields["person.name"]?.outcome, "masked");

  const day = (n: number): string => new Date(Date.now() + n * 86_400_000).toISOString();
  const fresh: Schemas["NewTask"] = {
    source: "typescript", number: "1", kind: "case", purpose: "case_handling", assignees: [post], opens: day(0), closes: day(1),
    case: { kind: "public_order", place, reporter: { name: "张小三", phone: "12055510123" } },
  };
  const task = await vault.ask("post", "/v1/tasks", { body: fresh });
  const about = { purpose: "case_handling", task: task.id } as const;
  const found = await vault.ask("post", "/v1/lookups", { body: { ...about, ticket: task.ticket ?? null, fields: ["person.name"] } });
  same([found.fields["person.name"]?.outcome, found.fields["person.name"]?.value], ["masked", "张**"]);

  const denied = await refused(vault.ask("post", "/v1/lookups", { body: { ...about, premises: place, fields: ["premises.owner_phone"] } }));
  same([denied.name, denied.problem.reason?.code, denied.requestId?.length], ["denied", "field_not_for_purpose", 32]);
  await vault.ask("patch", "/v1/tasks/{id}", { path: { id: task.id }, body: { closed: true, outcome: "done" } });

  const people = new Gridvault(url, officer);
  const page = await people.ask("get", "/v1/people", { query: { limit: 2 } });
  same(page.people.length, 2);
  const first = page.people[0]?.id ?? "";
  same((await people.ask("get", "/v1/people/{id}/assignments", { path: { id: first } })).assignments.length > 0, true);

  // @ts-expect-error a purpose that is no word of the catalogue does not compile
  const wrong: Schemas["LookupRequest"] = { ...about, purpose: "curiosity", fields: [] };
  same((await refused(vault.ask("post", "/v1/lookups", { body: wrong }))).problem.errors?.[0]?.pointer, "/purpose");
  console.log("the TypeScript client does what it says");
}

main().catch((error: unknown) => {
  console.log(String(error));
  process.exit(1);
});
