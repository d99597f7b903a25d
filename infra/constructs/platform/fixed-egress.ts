import { CfnOutput, RemovalPolicy, Validations } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { RetentionSettings } from "../../settings/platform.ts";

export interface FixedEgressProps {
  key: kms.IKey;
  logDays: RetentionSettings["logDays"];
}

/** A VPC whose functions reach the internet from one fixed address, for a server that admits known addresses only. */
export class FixedEgress extends Construct {
  readonly vpc: ec2.Vpc;

  constructor(scope: Construct, id: string, { key, logDays }: FixedEgressProps) {
    super(scope, id);
    const address = new ec2.CfnEIP(this, "Address", { domain: "vpc" });
    this.vpc = new ec2.Vpc(this, "Vpc", {
      maxAzs: 2,
      natGateways: 1,
      natGatewayProvider: ec2.NatProvider.gateway({ eipAllocationIds: [address.attrAllocationId] }),
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: "public", subnetType: ec2.SubnetType.PUBLIC, mapPublicIpOnLaunch: false, cidrMask: 26 },
        { name: "functions", subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
      ],
      // Health data on its way to S3 need not pass the NAT gateway.
      gatewayEndpoints: {
        S3: { service: ec2.GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
      },
    });
    const logGroup = new logs.LogGroup(this, "FlowLog", {
      retention: logDays,
      encryptionKey: key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.vpc.addFlowLog("Flow", { destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup) });
    new CfnOutput(this, "EgressAddress", {
      value: address.ref,
      description: "The address that IntegraConnect has to admit",
    });
    const validations = Validations.of(this.vpc);
    validations.acknowledge({
      id: "HIPAA.Security-VPCNoUnrestrictedRouteToIGW",
      reason: "The NAT gateway's subnet needs the route. The functions are in private subnets.",
    });
    validations.acknowledge({
      id: "HIPAA.Security-VPCDefaultSecurityGroupClosed",
      reason: "No resource uses the default security group. Each function has a security group of its own.",
    });
    validations.acknowledge({
      id: "HIPAA.Security-IAMNoInlinePolicy",
      reason: "The flow log has a role of its own, and the policy belongs to that role only.",
    });
  }
}
