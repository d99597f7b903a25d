import { describe, expect, test } from "vitest";
import { allowedTo, asLines, functionsOf } from "./policies.ts";
import { synthesised } from "./synthesised.ts";

describe("a stage with a fixed egress address", () => {
  const synth = synthesised("prod with every option");
  const subnets = synth.resources("AWS::EC2::Subnet").map(({ id }) => `<${id.replace(/\/Subnet$/, "/Subnet")}>`);

  test("has one address, on the one NAT gateway", () => {
    expect(synth.resources("AWS::EC2::EIP").map(({ id }) => id)).toEqual(["FixedEgress/Address"]);
    expect(synth.resources("AWS::EC2::NatGateway").map(({ Properties }) => Properties["AllocationId"])).toEqual([
      "<FixedEgress/Address.AllocationId>",
    ]);
  });

  test("runs every function in the private subnets, and each in a security group of its own", () => {
    const configs = functionsOf(synth).map(
      ([, { Properties }]) => Properties["VpcConfig"] as { SubnetIds: string[]; SecurityGroupIds: string[] },
    );
    const privateSubnets = subnets.filter((id) => id.includes("/functionsSubnet"));
    expect(privateSubnets).toHaveLength(2);
    for (const { SubnetIds } of configs) expect(SubnetIds.toSorted()).toEqual(privateSubnets.toSorted());
    expect(new Set(configs.flatMap(({ SecurityGroupIds }) => SecurityGroupIds)).size).toBe(configs.length);
  });

  test("lets Lambda make the network interfaces of every function", () => {
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

  test("lets nobody in: no group has a rule for what comes", () => {
    const groups = synth.resources("AWS::EC2::SecurityGroup").map(({ Properties }) => Properties);
    for (const group of groups) expect(group).not.toHaveProperty("SecurityGroupIngress");
    expect(synth.resources("AWS::EC2::SecurityGroupIngress")).toEqual([]);
  });

  test("sends what leaves the private subnets through the NAT gateway", () => {
    const routes = synth.resources("AWS::EC2::Route").filter(({ id }) => id.includes("/functionsSubnet"));
    expect(routes).toHaveLength(2);
    for (const { Properties } of routes) {
      expect(Properties["NatGatewayId"]).toBe("<FixedEgress/Vpc/publicSubnet1/NATGateway>");
    }
  });

  test("reaches S3 and DynamoDB without it, and logs its traffic", () => {
    expect(synth.resources("AWS::EC2::VPCEndpoint").map(({ Properties }) => Properties["ServiceName"])).toEqual([
      "com.amazonaws.<region>.s3",
      "com.amazonaws.<region>.dynamodb",
    ]);
    expect(synth.resource("AWS::Logs::LogGroup", "FixedEgress/FlowLog").Properties["KmsKeyId"]).toBe("<Key>");
  });
});

test("other stages have no network of their own", () => {
  expect(synthesised("prod").resources("AWS::EC2::VPC")).toEqual([]);
  for (const [, { Properties }] of functionsOf(synthesised("prod"))) expect(Properties).not.toHaveProperty("VpcConfig");
});
