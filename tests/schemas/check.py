#!/usr/bin/env python3
"""Usage: check.py SOURCE CASES
Holds every file of samples and tests, and what tests kept in CASES, against the JSON Schemas."""

import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("SKIPPED: python3-jsonschema is not there")
    sys.exit(0)

source, cases = map(pathlib.Path, sys.argv[1:])
Validator = jsonschema.Draft202012Validator
problems = []
checked = {}

# Refused by the readers for what no schema can tell; each line: beginning of a case's file name.
BEYOND = [line.split("#")[0].strip()
          for line in (source / "tests/schemas/beyond.txt").read_text().splitlines()
          if line.split("#")[0].strip()]
used = set()


def schema_of(kind):
    return json.loads((source / "schemas" / (kind + ".json")).read_text())


def validator_of(kind):
    if not kind.startswith("output/"):
        return Validator(schema_of(kind))
    whole = schema_of("output")
    command = kind.split("/")[1]
    if command not in whole["$defs"]:
        problems.append(f"schemas/output.json has no $defs for the output of {command}: add it")
        return Validator({})
    return Validator({"$defs": whole["$defs"],
                      "anyOf": [{"$ref": "#/$defs/" + command}, {"$ref": "#/$defs/error"}]})


def distinct(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key stands twice")
    return dict(pairs)


def read(file):
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=distinct), True
    except ValueError:
        return None, False


def first_errors(validator, value):
    errors = []
    for error in validator.iter_errors(value):
        best = jsonschema.exceptions.best_match([error])
        errors.append("/" + "/".join(map(str, best.absolute_path)) + ": " + best.message[:200])
    return errors[:3]


def check(file, validator, kind, accepted):
    value, is_json = read(file)
    if not is_json:
        if accepted:
            problems.append(f"{file}: no JSON")
        return
    checked[kind] = checked.get(kind, 0) + 1
    errors = first_errors(validator, value)
    if accepted and errors:
        problems.append(f"{file} is valid, but its schema says: " + "; ".join(errors))
    if not accepted and not errors:
        beyond = [name for name in BEYOND if file.name.startswith(name)]
        used.update(beyond)
        if not beyond:
            problems.append(f"{file} is refused by its reader, but not by its schema")


def kind_of(file):
    if file.name in ("turnstone.json", "models.json", "snapshot.json"):
        return {"turnstone.json": "project"}.get(file.name, file.stem)
    return "migration" if file.parent.name == "migrations" else None


for schema in sorted((source / "schemas").glob("*.json")):
    Validator.check_schema(json.loads(schema.read_text()))
validators = {}
for top in ("samples", "tests"):
    for file in sorted((source / top).rglob("*.json")):
        kind = kind_of(file)
        if kind:
            check(file, validators.setdefault(kind, validator_of(kind)), kind, True)
for folder in sorted(path for path in cases.rglob("*") if path.name in ("accepted", "refused")):
    kind = str(folder.parent.relative_to(cases))
    validator = validators.setdefault(kind, validator_of(kind))
    for file in sorted(folder.iterdir()):
        check(file, validator, kind, folder.name == "accepted")
for name in BEYOND:
    if name not in used:
        problems.append(f"tests/schemas/beyond.txt: no case needs {name}")
for kind, least in {"project": 20, "models": 50, "migration": 50, "snapshot": 5}.items():
    if checked.get(kind, 0) < least:
        problems.append(f"only {checked.get(kind, 0)} files of the kind {kind} were looked at")
for problem in problems:
    print(problem)
print(", ".join(f"{count} {kind}" for kind, count in sorted(checked.items())))
sys.exit(1 if problems else 0)
