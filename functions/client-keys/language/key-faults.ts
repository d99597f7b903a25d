/** All faults with which a rotation can end. */
export const clientKeyFaultNames = ["KeyNotReady", "RotationRefused"] as const;

type ClientKeyFaultName = (typeof clientKeyFaultNames)[number];

abstract class ClientKeyFault extends Error {
  abstract override readonly name: ClientKeyFaultName;
}

/** The next key was published too recently to sign, or there is none. The message says when to rotate again. */
export class KeyNotReady extends ClientKeyFault {
  override readonly name = "KeyNotReady";
}

/** The rotation does not fit the secret: it is for another secret, or the secret was changed in between. */
export class RotationRefused extends ClientKeyFault {
  override readonly name = "RotationRefused";
}
