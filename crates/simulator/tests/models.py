"""Validates recorded answers against Amazon's Swagger models.

    models.py MODELS RECORDED

MODELS is the folder with the models of https://github.com/amzn/selling-partner-api-models, RECORDED one with a JSON
file per answer: {"model": file, "method": "get", "path": template, "status": 200, "body": ...}.
Prints each violation; exits with 1 if there is any.
"""

import json
import pathlib
import sys

import jsonschema


def draft7(node):
    """Swagger 2 as JSON Schema: its references resolve as they are, its own keywords are ignored."""
    if isinstance(node, dict):
        node = {key: draft7(value) for key, value in node.items() if key not in ("example", "discriminator")}
        if node.get("x-nullable"):
            node["type"] = [node.get("type", "object"), "null"]
        return node
    return [draft7(item) for item in node] if isinstance(node, list) else node


def main():
    models, recorded = map(pathlib.Path, sys.argv[1:3])
    loaded, violations, checked = {}, [], 0
    for file in sorted(recorded.glob("*.json")):
        answer = json.loads(file.read_text())
        name = answer["model"]
        if name not in loaded:
            loaded[name] = draft7(json.loads((models / name).read_text()))
        model = loaded[name]
        response = model["paths"][answer["path"]][answer["method"]]["responses"].get(str(answer["status"]))
        if response is None:
            violations.append(f"{file.stem}: {answer['status']} is not an answer of this operation")
            continue
        schema = response.get("schema")
        checked += 1
        if schema is None:
            continue
        whole = {**schema, "definitions": model["definitions"]}
        validator = jsonschema.Draft4Validator(whole)
        for error in validator.iter_errors(answer["body"]):
            where = "/".join(map(str, error.absolute_path))
            violations.append(f"{file.stem}: {where}: {error.message[:300]}")
    print("\n".join(violations))
    print(f"{checked} answers checked, {len(violations)} violations")
    sys.exit(bool(violations) or not checked)


if __name__ == "__main__":
    main()
