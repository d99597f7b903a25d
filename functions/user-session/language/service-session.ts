/** The stage's own user session. A request that names no link is made under it. */
export const serviceSession = "service";
