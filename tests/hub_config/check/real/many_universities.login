hub:
  config:
    JupyterHub: {authenticator_class: cilogon}
    CILogonOAuthenticator:
      client_id: cilogon:/client_id/47a1b2c3
      client_secret: 6f1c0e3c6a5c4f7f9a3b
      oauth_callback_url: https://hub.dlef.test/hub/oauth_callback
      allowed_idps:
        https://idp.unibe.ch/idp/shibboleth: {username_derivation: {username_claim: eppn}}
