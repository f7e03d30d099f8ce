hub:
  config:
    JupyterHub: {authenticator_class: generic-oauth}
    GenericOAuthenticator:
      client_id: dlef
      client_secret: 6f1c0e3c6a5c4f7f9a3b
      oauth_callback_url: https://hub.dlef.test/hub/oauth_callback
      authorize_url: https://sso.dlef.test/realms/uni/protocol/openid-connect/auth
      token_url: https://sso.dlef.test/realms/uni/protocol/openid-connect/token
      userdata_url: https://sso.dlef.test/realms/uni/protocol/openid-connect/userinfo
      scope: [openid, profile, groups]
      username_claim: preferred_username
      allowed_groups: [dlef]
