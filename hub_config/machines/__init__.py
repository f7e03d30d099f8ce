"""The machines that the hub offers to each user: profiles, node pools, amounts, choices.

All of it comes from one file, profiles.toml.
"""

__all__ = [
    "node_pools",
    "profile_list",
    "profile_request",
    "profiles",
    "quantities",
]
