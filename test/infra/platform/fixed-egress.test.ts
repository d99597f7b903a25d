import { describe, expect, test } from "vitest";
import { allowedTo, asLines, functionsOf } from "../policies.ts";
import { synthesised } from "../synthesised.ts";

describe("a stage with a fixed egress address", () => {
  const synth = synthesised("prod with every option");
  const subnets = synth.resources("AWS::EC2::Subnet").map(({ id }) => `<${id.replace(/\/Subnet$/, "/Subnet")}>`);

  test("the stage has one address, and its one NAT gateway uses it", () => {
    expect(synth.resources("AWS::EC2::EIP").map(({ id }) => id)).toEqual(["FixedEgress/Address"]);
    expect(synth.resources("AWS::EC2::NatGateway").map(({ Properties }) => Properties["AllocationId"])).toEqual([
      "<FixedEgress/Address.AllocationId>",
    ]);
  });

  test("every function runs in the private subnets, in a security group of its own", () => {
    const configs = functionsOf(synth).map(
      ([, { Properties }]) => Properties["VpcConfig"] as { SubnetIds: string[]; SecurityGroupIds: string[] },
    );
    const privateSubnets = subnets.filter((id) => id.includes("/functionsSubnet"));
    expect(privateSubnets).toHaveLength(2);
    for (const { SubnetIds } of configs) expect(SubnetIds.toSorted()).toEqual(privateSubnets.toSorted());
    expect(new Set(configs.flatMap(({ SecurityGroupIds }) => SecurityGroupIds)).size).toBe(configs.length);
  });

  test("every function's role lets Lambda create its network interfaces", () => {
    for (const [, { Properties }] of functionsOf(synth)) {
      const lines = asLines(allowedTo(synth, Properties["Role"]));
      expect(lines).toEqual(
        expect.arrayContaining([
          "ec2:CreateNetworkInterface → *",
          "ec2:DeleteNetworkInterface → *",
          "ec2:DescribeNetworkInterfaces → *",
        ]),
      );
    }
  });

  test("no security group admits incoming traffic", () => {
    const groups = synth.resources("AWS::EC2::SecurityGroup").map(({ Properties }) => Properties);
    for (const group of groups) expect(group).not.toHaveProperty("SecurityGroupIngress");
    expect(synth.resources("AWS::EC2::SecurityGroupIngress")).toEqual([]);
  });

  test("outgoing traffic of the private subnets goes through the NAT gateway", () => {
    const routes = synth.resources("AWS::EC2::Route").filter(({ id }) => id.includes("/functionsSubnet"));
    expect(routes).toHaveLength(2);
    for (const { Properties } of routes) {
      expect(Properties["NatGatewayId"]).toBe("<FixedEgress/Vpc/publicSubnet1/NATGateway>");
    }
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
