import { type Statement, statements } from "./templates/policies.ts";
import type { Resource, Synthesised } from "./templates/synthesised.ts";

/** One permission, or one denial. Each part is Markdown already. */
interface Grant {
  /** The principal; "" in the section of a role. */
  who: string;
  verb: "" | "not ";
  action: string;
  resource: string;
  when: string;
}

/** The part of the page about one role, or about one resource with a policy. */
interface Section {
  title: string;
  text: string;
  grants: Grant[];
}

/**
 * Renders docs/permissions.md: the permissions of every role in the templates, and every resource policy. The page comes
 * from the templates alone, and a permission that it cannot show is an error.
 * @param plain a stage with the default settings
 * @param full the same stage with every option; the page shows what this adds
 * @throws Error if a template has an IAM resource of an unknown type, or a policy that uses a negation such as NotAction
 */
export function renderPermissionDocs(plain: Synthesised, full: Synthesised): string {
  const [roles, policies] = [roleSections(plain), policySections(plain)];
  const added = [...without(roleSections(full), roles), ...without(policySections(full), policies)];
  return [
    introduction,
    "## What each role may do\n",
    ...roles.map(render),
    "## What resource policies allow and deny\n",
    ...policies.map(render),
    "## What every option adds\n",
    "A stage with schedules, subscribers, an example subscriber, fixed egress addresses, copies, a console, and tokens beside signatures has these in addition.\n",
    ...added.map(render),
  ].join("\n");
}

const introduction = `# Permissions

\`npm run docs\` generates this page from the templates of stage \`prod\`, and a test fails if the two differ. A change of this
page in a review is a change of permissions.

A resource has the name of its construct, as \`stack: path\`. \`landing/…\` are objects of the landing bucket, and
\`audit-trail/…\` those of the audit bucket. The ARN of a
resource in the stage's own account is shown without its beginning, such as \`arn:aws:states:<region>:<account>:\`.
`;

const knownIamTypes = new Set(["AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"]);
const isIam = ({ Type }: Resource): boolean => Type.startsWith("AWS::IAM::");

function roleSections(synth: Synthesised): Section[] {
  const all = synth.everyResource();
  const unknown = all.find((resource) => isIam(resource) && !knownIamTypes.has(resource.Type));
  if (unknown !== undefined)
    throw new Error(
      `docs/permissions.md does not know ${unknown.Type} (${unknown.id}): teach cli/permission-docs.ts to show it`,
    );
  const roles = all.filter(({ Type }) => Type === "AWS::IAM::Role");
  return inOrder(roles.map((role) => roleSection(role, all)));
}

function roleSection(role: Resource, all: Resource[]): Section {
  const { AssumeRolePolicyDocument: trust, ManagedPolicyArns: managed = [], ...own } = role.Properties;
  const named = all.filter(({ Properties }) => JSON.stringify(Properties).includes(`"<${role.id}>"`));
  const attached = named.filter(isIam).map(({ Properties }) => Properties);
  const assumedBy = statements(trust).map(({ Principal, Condition }) => principal(Principal) + ifAny(Condition));
  const users = named.filter((resource) => !isIam(resource)).map(({ Type, id }) => `${code(id)} (${Type})`);
  const managedGrants = [managed]
    .flat()
    .map((arn) => ({ ...none, action: "whatever AWS's policy allows", resource: code(arn) }));
  return {
    title: titleOf(role),
    text: `Assumed by ${assumedBy.join(" and by ")}${users.length === 0 ? "" : `, for ${users.join(", ")}`}.`,
    grants: [...managedGrants, ...[own, ...attached].flatMap(documentsIn).flatMap(statements).flatMap(grantsOf)],
  };
}

function policySections(synth: Synthesised): Section[] {
  const sections = synth
    .everyResource()
    .filter((resource) => !isIam(resource))
    .map((resource) => ({
      title: titleOf(resource),
      text: resource.Type,
      grants: ownStatements(resource).flatMap(grantsOf),
    }));
  return inOrder(sections.filter(({ grants }) => grants.length > 0));
}

/** The statements of a resource's own policy. A Lambda permission is one statement without a policy document. */
function ownStatements({ Type, Properties }: Resource): Statement[] {
  if (Type !== "AWS::Lambda::Permission") return documentsIn(Properties).flatMap(statements);
  const { Action, FunctionName, Principal, ...Condition } = Properties;
  const [actions, resources] = [[String(Action)], [String(FunctionName)]];
  return [{ Effect: "Allow", Principal: String(Principal), actions, resources, Condition }];
}

/** The policy documents in a value, at any depth. A document is an object with a Statement. */
function documentsIn(value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (!Array.isArray(value) && "Statement" in value) return [value];
  return Object.values(value).flatMap(documentsIn);
}

const none: Omit<Grant, "action" | "resource"> = { who: "", verb: "", when: "" };

function grantsOf({ Effect, Principal, actions, resources, Condition }: Statement): Grant[] {
  const [who, verb, when] = [principal(Principal), Effect === "Deny" ? "not " : "", condition(Condition)] as const;
  return resources.flatMap((resource) =>
    actions.map((action) => ({ who, verb, action: code(action), resource: code(bare(resource)), when })),
  );
}

function principal(who: Statement["Principal"] = {}): string {
  if (typeof who === "string") return code(who);
  return Object.values(who).flat().map(code).join(", ");
}

const condition = (tests: Statement["Condition"] = {}): string =>
  Object.keys(tests).length === 0 ? "" : code(JSON.stringify(tests));

const ifAny = (tests: Statement["Condition"]): string => (condition(tests) === "" ? "" : ` if ${condition(tests)}`);

/** A value as Markdown code, which prints it unchanged in a table as well. */
const code = (value: unknown): string => `\`${String(value).replaceAll("|", "\\|")}\``;

const bare = (resource: string): string => resource.replace(/^<([^<>]*)>$/, "$1");

const titleOf = ({ stack, id }: Resource): string => `${stack}: ${id.replace(/\/(Role|Policy)$/, "")}`;

const inOrder = (sections: Section[]): Section[] => sections.toSorted((a, b) => (a.title < b.title ? -1 : 1));

/** The sections that are not in `known`. A section that is in both keeps only the grants that `known` lacks. */
function without(sections: Section[], known: Section[]): Section[] {
  const grantsByTitle = new Map(
    known.map(({ title, grants }) => [title, new Set(grants.map((grant) => JSON.stringify(grant)))]),
  );
  return sections
    .map((section) => ({
      ...section,
      grants: section.grants.filter((grant) => !grantsByTitle.get(section.title)?.has(JSON.stringify(grant))),
    }))
    .filter(({ title, grants }) => grants.length > 0 || !grantsByTitle.has(title));
}

function render({ title, text, grants }: Section): string {
  const isPolicy = grants.some(({ who }) => who !== "");
  const head = isPolicy
    ? "| who | may | on | if |\n| --- | --- | --- | --- |"
    : "| may | on | if |\n| --- | --- | --- |";
  return `### ${title}\n\n${text}\n\n${[head, ...rows(grants, isPolicy)].join("\n")}\n`;
}

/** One row for each resource, with all actions that are allowed on it, or all that are denied. */
function rows(grants: Grant[], isPolicy: boolean): string[] {
  const places = Map.groupBy(grants, ({ who, verb, resource, when }) => JSON.stringify([who, resource, when, verb]));
  return [...places]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, [first, ...others]]) => {
      if (first === undefined) return [];
      const { who, verb, resource, when } = first;
      const actions = new Set([first, ...others].map(({ action }) => action));
      const may = verb + [...actions].toSorted().join(", ");
      return [`| ${[...(isPolicy ? [who] : []), may, resource, when].join(" | ")} |`];
    });
}
