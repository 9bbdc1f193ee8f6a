"""Every role's token, one a line, with the phases that it is sent through where they are more than the few of everybody."""

from street import TASK, everybody, sign_in

THOROUGH = {"grid_chief-none", "data_steward", "privacy_officer", "hotline_12345", "resident"}


def phases(name):
    return "examples,coverage,fuzzing" if name in THOROUGH else ""


for one in everybody():
    name = one["name"] if one["role"] == "service" else f"{one['role']}-{one['department']}"
    name = name.removesuffix("-none") if one["role"] != "grid_chief" else name
    print(name, one["token"], phases(name))
print("resident", sign_in(TASK["resident"]), phases("resident"))
