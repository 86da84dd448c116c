/** Every action that the audit log can have: the operations that change something, and what happens by itself or on pages. */
export const AUDIT_ACTIONS: readonly string[] = [
  ...['account.change_password', 'account.create_token', 'account.end_grants', 'account.end_session'],
  ...['account.remove_application', 'account.revoke_token', 'account.sign_out', 'account.sign_out_everywhere'],
  ...['attempts.reset', 'audit.export', 'audit.unreadable'],
  ...['clients.create', 'clients.delete', 'clients.end_previous_secret', 'clients.rotate_secret', 'clients.update'],
  ...['configuration.reloaded', 'console.refused', 'console.sign_in', 'console.sign_out', 'routes.try'],
  ...['token.reuse_detected', 'tokens.end', 'tokens.revoke', 'tokens.revoke_all', 'user.locked_out', 'user.sign_in'],
  ...['users.create', 'users.delete', 'users.end_device', 'users.end_session', 'users.forget_consent', 'users.lock'],
  ...['users.set_password', 'users.sign_out', 'users.unlock', 'users.update'],
];

/** The beginnings that several have in common, with their dot. */
export const AUDIT_GROUPS: readonly string[] = [
  ...new Set(AUDIT_ACTIONS.map((action) => action.slice(0, action.indexOf('.') + 1))),
];
