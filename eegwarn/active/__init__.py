"""Which clips to ask a clinician about: a policy learned on simulated patients, and what it stands on."""
