"""Validates recorded answers against Amazon's models.

    models.py MODELS RECORDED

MODELS is the folder with the models of https://github.com/amzn/selling-partner-api-models, RECORDED one with a JSON
file per answer: {"model": file, "method": "get", "path": template, "status": 200, "body": ...} for an operation,
{"schema": file, "body": ...} for a document or message with a schema of its own. Prints each violation; exits with 1
if there is any, or nothing to check.
"""

import functools
import json
import pathlib
import sys

import jsonschema


def plain(node):
    """Swagger 2 as JSON Schema: references resolve as they are, keywords JSON Schema doesn't know are ignored."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: plain(value) for key, value in node.items() if key not in ("example", "examples", "discriminator")}
    if kept.get("x-nullable") and isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    return kept


@functools.cache
def load(file):
    return plain(json.loads(file.read_text()))


def schema_of(models, answer):
    """The schema an answer must satisfy: None where any body will do, a text where the answer is not foreseen."""
    if "schema" in answer:
        return load(models / answer["schema"])
    model = load(models / answer["model"])
    response = model["paths"][answer["path"]][answer["method"]]["responses"].get(str(answer["status"]))
    if response is None:
        return f"{answer['status']} is not an answer of this operation"
    schema = response.get("schema")
    return schema and {**schema, "definitions": model["definitions"]}


def main():
    models, recorded = map(pathlib.Path, sys.argv[1:3])
    violations, checked = [], 0
    for file in sorted(recorded.glob("*.json")):
        answer = json.loads(file.read_text())
        schema = schema_of(models, answer)
        checked += 1
        if isinstance(schema, str):
            violations.append(f"{file.stem}: {schema}")
        elif schema:
            kind = jsonschema.Draft7Validator if "schema" in answer else jsonschema.Draft4Validator
            for error in kind(schema).iter_errors(answer["body"]):
                where = "/".join(map(str, error.absolute_path))
                violations.append(f"{file.stem}: {where}: {error.message[:300]}")
    print("\n".join(violations))
    print(f"{checked} answers checked, {len(violations)} violations")
    sys.exit(bool(violations) or not checked)


if __name__ == "__main__":
    main()
