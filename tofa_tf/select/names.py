"""What a user may ask of the choice of a subnet; loads nothing, so that a command can show it."""

FIXED = "fixed"
RULE_NAMES = (FIXED, "best_of_random", "evolution", "zero_shot")
OBJECTIVE_NAMES = ("accuracy", "worst_class", "robust")
