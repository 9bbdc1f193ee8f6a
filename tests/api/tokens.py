"""Every role's token, one a line, with the phases that it is sent through where they are more than the few of everybody."""

from street import TASK, everybody, sign_in

THOROUGH = {"data_steward": "examples,coverage,fuzzing", "grid_chief-none": "examples,coverage,fuzzing"}

for one in everybody():
    name = one["name"] if one["role"] == "service" else f"{one['role']}-{one['department']}"
    name = name.removesuffix("-none") if one["role"] != "grid_chief" else name
    print(name, one["token"], THOROUGH.get(name, ""))
print("resident", sign_in(TASK["resident"]), "")
