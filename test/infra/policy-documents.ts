import type { Template } from "#cli/templates/synthesised.ts";

/** A policy of a role, with names and ARNs in the place of CloudFormation's references. */
export interface PolicyDocument {
  /** The path of its construct: `export/BulkExport/PollExport/Role/DefaultPolicy`. */
  path: string;
  document: unknown;
}

const account = "123456789012";
const region = "us-east-1";

const pseudoParameters: Record<string, string> = {
  "AWS::AccountId": account,
  "AWS::Partition": "aws",
  "AWS::Region": region,
  "AWS::URLSuffix": "amazonaws.com",
};

/** The ARN of a resource by its type: what a linter of policies compares with the actions. */
const arns: Record<string, (id: string) => string> = {
  "AWS::Backup::BackupVault": (id) => `arn:aws:backup:${region}:${account}:backup-vault:${id}`,
  "AWS::CloudTrail::Trail": (id) => `arn:aws:cloudtrail:${region}:${account}:trail/${id}`,
  "AWS::DynamoDB::Table": (id) => `arn:aws:dynamodb:${region}:${account}:table/${id}`,
  "AWS::Events::EventBus": (id) => `arn:aws:events:${region}:${account}:event-bus/${id}`,
  "AWS::Events::Rule": (id) => `arn:aws:events:${region}:${account}:rule/${id}`,
  "AWS::IAM::Role": (id) => `arn:aws:iam::${account}:role/${id}`,
  "AWS::KMS::Key": () => `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
  "AWS::Lambda::Function": (id) => `arn:aws:lambda:${region}:${account}:function:${id}`,
  "AWS::Logs::LogGroup": (id) => `arn:aws:logs:${region}:${account}:log-group:${id}:*`,
  "AWS::S3::Bucket": (id) => `arn:aws:s3:::${id.toLowerCase()}`,
  "AWS::SNS::Topic": (id) => `arn:aws:sns:${region}:${account}:${id}`,
  "AWS::SQS::Queue": (id) => `arn:aws:sqs:${region}:${account}:${id}`,
  "AWS::StepFunctions::StateMachine": (id) => `arn:aws:states:${region}:${account}:stateMachine:${id}`,
};

/** Attributes that are the ARN of their resource. */
const arnAttributes = new Set<string | undefined>(["Arn", "BackupVaultArn"]);

/** Types whose `Ref` is an ARN. */
const refIsArn = new Set(["AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"]);

/**
 * The policies of every role in a stage's templates. Policies of resources are not among them: in those, `*` means the resource.
 * @param templates the templates by the last word of their stack's name, synthesised with path metadata
 * @throws Error if a policy refers to a resource of an unknown type
 */
export function policyDocuments(templates: Readonly<Record<string, Template>>): PolicyDocument[] {
  return Object.entries(templates).flatMap(([stack, template]) =>
    Object.entries(template.Resources).flatMap(([id, { Type, Properties, Metadata }]) => {
      const known = Metadata?.["aws:cdk:path"];
      const path = (typeof known === "string" ? known : id).replace(/^[^/]+/, stack);
      return documentsOf(Type, Properties).map((document) => ({
        path,
        document: resolved(document, template, templates),
      }));
    }),
  );
}

function documentsOf(type: string, properties: unknown): unknown[] {
  const { PolicyDocument: own, Policies: inline = [] } = properties as {
    PolicyDocument?: unknown;
    Policies?: { PolicyDocument: unknown }[];
  };
  if (type === "AWS::IAM::Policy" || type === "AWS::IAM::ManagedPolicy") return [own];
  return type === "AWS::IAM::Role" ? inline.map(({ PolicyDocument: document }) => document) : [];
}

function resolved(value: unknown, template: Template, templates: Readonly<Record<string, Template>>): unknown {
  if (Array.isArray(value)) return value.map((item) => resolved(item, template, templates));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value);
  const [[intrinsic, operand] = ["", undefined]] = fields.length === 1 ? fields : [];
  if (intrinsic === "Ref") {
    const id = String(operand);
    const type = template.Resources[id]?.Type ?? "";
    return pseudoParameters[id] ?? (refIsArn.has(type) ? arnOf(template, id) : id);
  }
  if (intrinsic === "Fn::GetAtt") {
    const [id = "", attribute] = operand as string[];
    return arnAttributes.has(attribute) ? arnOf(template, id) : id;
  }
  if (intrinsic === "Fn::Join") {
    const [separator, parts] = operand as [string, unknown[]];
    return parts.map((part) => String(resolved(part, template, templates))).join(separator);
  }
  if (intrinsic === "Fn::ImportValue") {
    for (const other of Object.values(templates)) {
      const output = Object.values(other.Outputs ?? {}).find(({ Export }) => Export?.Name === operand);
      if (output !== undefined) return resolved(output.Value, other, templates);
    }
    throw new Error(`no template exports ${String(operand)}`);
  }
  return Object.fromEntries(fields.map(([name, field]) => [name, resolved(field, template, templates)]));
}

function arnOf(template: Template, id: string): string {
  const type = template.Resources[id]?.Type ?? "";
  const arn = arns[type];
  if (arn === undefined)
    throw new Error(`policy-documents.ts does not know the ARN of ${type} (${id}): teach it to it`);
  return arn(id);
}
