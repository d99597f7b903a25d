import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";

/** Waits for a conditional write. Returns false if its condition does not hold. Any other error is thrown. */
export async function conditionHeld(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
