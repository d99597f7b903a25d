import { CfnOutput, type RemovalPolicy, Validations } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { FixedEgressSettings } from "../../settings/platform.ts";
import type { LogSettings } from "./kept-data.ts";

export interface FixedEgressProps {
  settings: FixedEgressSettings;
  logs: LogSettings;
  /** What happens to the addresses if the stack is deleted: IntegraConnect's administrators may have admitted them. */
  removalPolicy: RemovalPolicy;
}

/** The functions are in this many zones, whatever the settings say, so that other stacks always import the same subnets. */
const zonesOfFunctions = 2;

/**
 * A VPC whose functions reach the internet from fixed addresses, for a server that admits known addresses only. A zone
 * without a NAT gateway uses that of the first zone.
 */
export class FixedEgress extends Construct {
  readonly vpc: ec2.Vpc;
  /** The security group of all functions in the VPC. It admits no incoming traffic. */
  readonly securityGroup: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, props: FixedEgressProps) {
    super(scope, id);
    const { zones } = props.settings;
    const addresses = Array.from({ length: zones }, (_, index) => this.#address(index + 1, props.removalPolicy));
    this.vpc = new ec2.Vpc(this, "Vpc", {
      maxAzs: zonesOfFunctions,
      natGateways: zones,
      natGatewayProvider: ec2.NatProvider.gateway({
        eipAllocationIds: addresses.map(({ attrAllocationId }) => attrAllocationId),
      }),
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
    this.securityGroup = new ec2.SecurityGroup(this, "Functions", {
      vpc: this.vpc,
      description: "Functions of integra-bridge that call IntegraConnect",
    });
    this.#logTraffic(props);
    this.#acknowledge();
  }

  /** The address of the NAT gateway in a zone. Zones are counted from 1. */
  #address(zone: number, removalPolicy: RemovalPolicy): ec2.CfnEIP {
    const address = new ec2.CfnEIP(this, `Address${zone}`, { domain: "vpc" });
    address.applyRemovalPolicy(removalPolicy);
    new CfnOutput(this, `EgressAddress${zone}`, {
      value: address.ref,
      description: "An address that IntegraConnect has to admit",
    });
    return address;
  }

  #logTraffic({ logs: logSettings }: FixedEgressProps): void {
    const logGroup = new logs.LogGroup(this, "FlowLog", logSettings);
    this.vpc.addFlowLog("Flow", { destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup) });
  }

  #acknowledge(): void {
    const validations = Validations.of(this.vpc);
    validations.acknowledge({
      id: "HIPAA.Security-VPCNoUnrestrictedRouteToIGW",
      reason: "The NAT gateway's subnet needs the route. The functions of this VPC are in private subnets.",
    });
    validations.acknowledge({
      id: "HIPAA.Security-VPCDefaultSecurityGroupClosed",
      reason: "No resource uses the default security group. The functions of this VPC share another one.",
    });
    validations.acknowledge({
      id: "HIPAA.Security-IAMNoInlinePolicy",
      reason: "The flow log has a role of its own, and the policy belongs to that role only.",
    });
  }
}
