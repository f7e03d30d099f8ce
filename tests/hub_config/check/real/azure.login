hub:
  config:
    JupyterHub: {authenticator_class: azuread}
    AzureAdOAuthenticator:
      client_id: 5f7c2a10-0000-4c11-9d7c-3b2f4e6a8d90
      client_secret: 6f1c0e3c6a5c4f7f9a3b
      tenant_id: 0b1c2d3e-0000-4a5b-8c6d-7e8f9a0b1c2d
      oauth_callback_url: https://hub.dlef.test/hub/oauth_callback
      username_claim: preferred_username
      allowed_groups: [dlef-2026]
