import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { plainProd } from "#cli/templates/every-option.ts";
import { Synthesised } from "#cli/templates/synthesised.ts";
import { functionBundle, functionNames } from "#infra/function-bundles.ts";
import { allowedTo, asLines, functionsOf } from "../policies.ts";
import { synthesised } from "../synthesised.ts";
import { stageTemplates } from "../variant-app.ts";

const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-egress-"));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const oneAddress = new Synthesised(
  stageTemplates({ stage: "prod", overrides: { ...plainProd, fixedEgress: true } }, outdir),
);

/** The names of the functions whose bundle can open a connection to IntegraConnect. */
const callers = functionNames().filter((name) =>
  functionBundle(name).modules.includes("functions/platform/http/connections.ts"),
);

test("some functions call IntegraConnect and some do not, the failure path among them", () => {
  expect(callers).toContain("kick-off-export");
  expect(callers.length).toBeLessThan(functionNames().length);
  expect(callers).not.toContain("fail-export");
  expect(callers).not.toContain("fail-ccds");
});

describe.each([
  ["one egress address", oneAddress, 1],
  ["two egress addresses", synthesised("prod with every option"), 2],
] as const)("a stage with %s", (_, synth, zones) => {
  const numbers = [1, 2].slice(0, zones);
  const subnets = synth.resources("AWS::EC2::Subnet").map(({ id }) => `<${id}>`);
  const privateSubnets = subnets.filter((id) => id.includes("/functionsSubnet")).toSorted();
  const inVpc = functionsOf(synth).filter(([, { Properties }]) => "VpcConfig" in Properties);

  test("each zone has a NAT gateway with an address of its own", () => {
    expect(synth.resources("AWS::EC2::EIP").map(({ id }) => id)).toEqual(numbers.map((n) => `FixedEgress/Address${n}`));
    expect(synth.resources("AWS::EC2::NatGateway").map(({ Properties }) => Properties["AllocationId"])).toEqual(
      numbers.map((n) => `<FixedEgress/Address${n}.AllocationId>`),
    );
  });

  test("an address stays if its stack is deleted, and goes if the first deployment fails", () => {
    for (const address of synth.resources("AWS::EC2::EIP")) {
      expect(address).toMatchObject({ stack: "egress", DeletionPolicy: "RetainExceptOnCreate" });
    }
  });

  test("a function is in the VPC exactly if its bundle can open a connection to IntegraConnect", () => {
    expect(inVpc.map(([name]) => name).toSorted()).toEqual(callers);
  });

  test("the functions are in the private subnets of two zones, and share one security group", () => {
    expect(privateSubnets).toHaveLength(2);
    for (const [, { Properties }] of inVpc) {
      const { SubnetIds, SecurityGroupIds } = Properties["VpcConfig"] as Record<string, string[]>;
      expect(SubnetIds?.toSorted()).toEqual(privateSubnets);
      expect(SecurityGroupIds).toEqual(["<FixedEgress/Functions.GroupId>"]);
    }
    expect(synth.resources("AWS::EC2::SecurityGroup").map(({ id }) => id)).toEqual(["FixedEgress/Functions"]);
  });

  test("a role lets Lambda create network interfaces exactly if its function is in the VPC", () => {
    for (const [name, { Properties }] of functionsOf(synth)) {
      const lines = asLines(allowedTo(synth, Properties["Role"])).filter((line) => line.startsWith("ec2:"));
      const needed = ["Create", "Delete", "Describe"].map((verb) => `ec2:${verb}NetworkInterface`);
      const allowed = needed.every((action) => lines.some((line) => line.startsWith(action)));
      expect([name, allowed, lines.length > 0]).toEqual([name, callers.includes(name), callers.includes(name)]);
    }
  });

  test("no security group admits incoming traffic", () => {
    const groups = synth.resources("AWS::EC2::SecurityGroup").map(({ Properties }) => Properties);
    for (const group of groups) expect(group).not.toHaveProperty("SecurityGroupIngress");
    expect(synth.resources("AWS::EC2::SecurityGroupIngress")).toEqual([]);
  });

  test("outgoing traffic of each private subnet goes through a NAT gateway, its own zone's if it has one", () => {
    const routes = synth.resources("AWS::EC2::Route").filter(({ id }) => id.includes("/functionsSubnet"));
    const gateways = [1, zones].map((n) => `<FixedEgress/Vpc/publicSubnet${n}/NATGateway>`);
    expect(routes.map(({ Properties }) => Properties["NatGatewayId"])).toEqual(gateways);
  });

  test("traffic to S3 and DynamoDB bypasses the NAT gateway, and the VPC logs its traffic", () => {
    expect(synth.resources("AWS::EC2::VPCEndpoint").map(({ Properties }) => Properties["ServiceName"])).toEqual([
      "com.amazonaws.<region>.s3",
      "com.amazonaws.<region>.dynamodb",
    ]);
    expect(synth.resource("AWS::Logs::LogGroup", "FixedEgress/FlowLog").Properties["KmsKeyId"]).toBe("<Key>");
  });
});

test("a stage without fixedEgress has no VPC", () => {
  expect(synthesised("prod").resources("AWS::EC2::VPC")).toEqual([]);
  for (const [, { Properties }] of functionsOf(synthesised("prod"))) expect(Properties).not.toHaveProperty("VpcConfig");
});
