/** The parts of a CloudFormation template that are read here. */
export interface Template {
  Resources: Record<
    string,
    {
      Type: string;
      Properties?: unknown;
      DependsOn?: string | string[];
      DeletionPolicy?: string;
      Metadata?: Record<string, unknown>;
    }
  >;
  Outputs?: Record<string, { Value: unknown; Export?: { Name: string } }>;
}

export interface Resource {
  /** The path of its construct below its stack, or its logical id if the template has no paths. */
  id: string;
  logicalId: string;
  stack: string;
  Type: string;
  /** The properties. A reference is shown as the construct's path below its stack: `<Landing/Bucket>`. */
  Properties: Properties;
  /** The logical ids of resources that must be there before. */
  DependsOn?: string | string[];
  DeletionPolicy?: string;
}

// CloudFormation defines the properties of each type. Readers compare them, or read what they need.
export type Properties = Record<string, unknown>;

/** The templates of a stage's stacks as one list of resources. Names replace the references of CloudFormation. */
export class Synthesised {
  readonly #templates: [stack: string, template: Template][];
  #everyResource: Resource[] | undefined;

  /** @param templates the templates by the last word of their stack's name, synthesised with path metadata */
  constructor(templates: Record<string, Template>) {
    this.#templates = Object.entries(templates);
  }

  /** The resources of a type, in one stack or in all. */
  resources(type: string, stack?: string): Resource[] {
    return this.everyResource().filter((one) => one.Type === type && (stack === undefined || one.stack === stack));
  }

  /** All resources of all stacks. */
  everyResource(): Resource[] {
    this.#everyResource ??= this.#templates.flatMap(([stack, template]) =>
      Object.entries(template.Resources).map(([id, resource]) => ({
        ...resource,
        id: nameIn(template, id),
        logicalId: id,
        stack,
        Properties: this.#readable(resource.Properties ?? {}, template) as Properties,
      })),
    );
    return this.#everyResource;
  }

  /**
   * The one resource of a type whose name is, or begins with, `id`.
   * @throws Error if there is none, or more than one
   */
  resource(type: string, id: string): Resource {
    const [found, ...others] = this.resources(type).filter((resource) => resource.id.startsWith(id));
    if (found === undefined) throw new Error(`no ${type} has a name that begins with ${id}`);
    if (others.length > 0)
      throw new Error(`${others.length + 1} resources of ${type} have a name that begins with ${id}`);
    return found;
  }

  /** A value with names instead of references: `<Landing/Bucket>`, `<account>`, and ARNs without their beginning. */
  #readable(value: unknown, template: Template): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#readable(item, template));
    if (typeof value !== "object" || value === null) return value;
    const read = (item: unknown) => this.#readable(item, template);
    const fields = Object.entries(value);
    const [[intrinsic, operand] = ["", undefined]] = fields.length === 1 ? fields : [];
    switch (intrinsic) {
      case "Ref":
        return pseudoParameters[String(operand)] ?? `<${nameIn(template, String(operand))}>`;
      case "Fn::GetAtt": {
        const [id = "", attribute = ""] = operand as string[];
        return `<${nameIn(template, id)}${attribute === "Arn" ? "" : `.${attribute}`}>`;
      }
      case "Fn::Join": {
        const [separator, parts] = operand as [string, unknown[]];
        return shortArn(parts.map((part) => String(read(part))).join(separator));
      }
      case "Fn::ImportValue":
        return this.#imported(String(operand));
      default:
        return Object.fromEntries(fields.map(([name, field]) => [name, read(field)]));
    }
  }

  #imported(name: string): unknown {
    for (const [, template] of this.#templates) {
      const output = Object.values(template.Outputs ?? {}).find(({ Export }) => Export?.Name === name);
      if (output !== undefined) return this.#readable(output.Value, template);
    }
    throw new Error(`no template exports ${name}`);
  }
}

const pseudoParameters: Record<string, string> = {
  "AWS::AccountId": "<account>",
  "AWS::Partition": "aws",
  "AWS::Region": "<region>",
  "AWS::URLSuffix": "amazonaws.com",
};

function nameIn(template: Template, logicalId: string): string {
  const path = template.Resources[logicalId]?.Metadata?.["aws:cdk:path"];
  return typeof path === "string" ? path.replace(/^[^/]+\//, "").replace(/\/Resource$/, "") : logicalId;
}

/** `arn:aws:s3:::integra-bridge-prod-<account>-<region>/work/*` → `landing/work/*`, and the audit bucket likewise; other own ARNs lose their beginning. */
function shortArn(text: string): string {
  return text
    .replace(/^arn:aws:s3:::integra-bridge-[\w-]+-<account>-<region>\//, "landing/")
    .replace(/^arn:aws:s3:::integra-audit-[\w-]+-<account>-<region>(?=\/|$)/, "audit-trail")
    .replace(/^arn:aws:\w+:<region>:<account>:/, "");
}
