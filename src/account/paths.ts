/** Where the pages and forms stand, below the path that the configuration has. */
export type Paths = ReturnType<typeof pathsBelow>;

export const pathsBelow = (home: string) => ({
  home,
  applications: `${home}/applications`,
  removeApplication: `${home}/applications/remove`,
  sessions: `${home}/sessions`,
  endSession: `${home}/sessions/end`,
  endGrants: `${home}/devices/end`,
  tokens: `${home}/tokens`,
  newToken: `${home}/tokens/new`,
  revokeToken: `${home}/tokens/revoke`,
  password: `${home}/password`,
  signOutEverywhere: `${home}/sign-out-everywhere`,
  signOut: `${home}/sign-out`,
  signedOut: `${home}/signed-out`,
});
