"""Which machines the hub offers to whom: profiles, node pools, amounts, the list of choices.

All of it comes from one file, profiles.toml.
"""

__all__ = [
    "node_pools",
    "profile_list",
    "profile_request",
    "profiles",
    "quantities",
]
