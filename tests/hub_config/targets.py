"""Targets as operators leave them: ours, filled in; and broken ones."""

from pathlib import Path

import yaml

from hub_config.kubernetes import target

HOST = "hub.dlef.test"
LOGIN = f"""\
hub:
  config:
    JupyterHub: {{authenticator_class: github}}
    GitHubOAuthenticator:
      client_id: Iv1.8a61f9b3a7aba766
      client_secret: 6f1c0e3c6a5c4f7f9a3b
      oauth_callback_url: https://{HOST}/hub/oauth_callback
      allowed_organizations: [econ-lab]
      scope: ["read:org"]
"""
PLATFORM = """\
hub:
  config:
    JupyterHub: {authenticator_class: ltiauthenticator.lti13.auth.LTI13Authenticator}
    LTI13Authenticator:
      issuer: https://moodle.dlef.test
      authorize_url: https://moodle.dlef.test/auth
      jwks_endpoint: https://moodle.dlef.test/certs
      client_id: ["o3hcAa9x"]
      username_key: sub
      uri_scheme: https
      allow_all: true
custom: {lti: {context: "4711"}}
"""


def filled(name: str) -> str:
    """Return a shipped target's text with what an operator writes into it."""
    text = (target.FOLDER / f"{name}.yaml").read_text()
    for waiting, value in (
        ("CHANGE_ME/", "registry.dlef.test/"),
        ("instructors: [CHANGE_ME]", "instructors: [eva]"),
        ("contactEmail: CHANGE_ME", "contactEmail: eva@dlef.test"),
        ("hosts: [staging.CHANGE_ME]", f"hosts: [{HOST}]"),
        ("hosts: [CHANGE_ME]", f"hosts: [{HOST}]"),
    ):
        text = text.replace(waiting, value)
    return text


def write(folder: Path, name: str = "production", login: str = LOGIN, over: str = "") -> Path:
    """Write a target that is right but for what is laid over it; return its file."""
    path = folder / f"{name}.yaml"
    values = target.merge(yaml.safe_load(filled(name)), yaml.safe_load(over) or {})
    path.write_text(yaml.safe_dump(values))
    # Helm's rule for null, too: the strongest file takes away.
    secrets = target.merge(yaml.safe_load(login), _only(yaml.safe_load(over) or {}))
    path.with_name(f"{name}.secrets.yaml").write_text(yaml.safe_dump(secrets))
    return path


def _only(over: dict) -> dict:
    """Return what an overlay says of the login."""
    config = over.get("hub", {}).get("config") if isinstance(over.get("hub"), dict) else None
    return {"hub": {"config": config}} if config is not None else {}
