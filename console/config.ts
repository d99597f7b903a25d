/** What the console learns from `/config.json`, which is deployed beside it. Nothing of it is secret. */
export interface ConsoleConfig {
  /** The name of the stage. */
  stage: string;
  /** The URL by which callers know the API: links in its answers begin with it. */
  apiUrl: string;
  /** The issuer of the tokens (OpenID Connect Discovery 1.0). */
  issuer: string;
  clientId: string;
  scopes: string[];
  /** Further parameters of the authorization request, such as `audience`. */
  parameters: Record<string, string>;
  /** After so many minutes without a key or a pointer, the user is signed out. */
  idleMinutes: number;
}
