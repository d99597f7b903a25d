/** The stage's own user session. All on-demand requests are made under it. */
export const serviceSession = "service";
