/** Whether AWS refused a call for lack of a permission. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && /^(?:AccessDenied|UnauthorizedOperation|NotAuthorized)/.test(error.name);
}
