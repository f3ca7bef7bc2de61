"""Validates recorded answers against Amazon's models.

    models.py MODELS RECORDED

MODELS is the folder with the models of https://github.com/amzn/selling-partner-api-models, RECORDED one with a JSON
file per answer: {"model": file, "method": "get", "path": template, "status": 200, "rate": 0.5, "burst": 30, "body": ...} for an
operation, whose usage plan is compared as well,
{"schema": file, "body": ...} for a document or message with a schema of its own. Prints each violation; exits with 1
if there is any, or nothing to check.
"""

import functools
import json
import pathlib
import re
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


@functools.cache
def document_judge(schema):
    return jsonschema.Draft7Validator(load(schema))


@functools.cache
def answer_judge(file, path, method, status):
    """Judges answers of one status of one operation; None where any body will do."""
    model = load(file)
    response = model["paths"][path][method]["responses"].get(str(status))
    if response is None:
        raise KeyError(f"{status} is not an answer of this operation")
    schema = response.get("schema")
    return schema and jsonschema.Draft4Validator({**schema, "definitions": model["definitions"]})


def judge_of(models, answer):
    if "schema" in answer:
        return document_judge(models / answer["schema"])
    return answer_judge(models / answer["model"], answer["path"], answer["method"], answer["status"])


def quota_of(models, answer):
    """Rate and burst in the usage plan of an operation's description, or None."""
    if "rate" not in answer:
        return None
    operation = load(models / answer["model"])["paths"][answer["path"]][answer["method"]]
    plans = re.findall(r"\|\s*([\d.]+)\s*\|\s*([\d.]+)\s*\|", operation.get("description", ""))
    return tuple(map(float, plans[0])) if len(plans) == 1 else None


def main():
    models, recorded = map(pathlib.Path, sys.argv[1:3])
    violations, checked = [], 0
    for file in sorted(recorded.glob("*.json")):
        answer = json.loads(file.read_text())
        checked += 1
        quota = quota_of(models, answer)
        if quota and quota != (answer["rate"], answer["burst"]):
            violations.append(f"{file.stem}: the usage plan says {quota}, not {answer['rate']}, {answer['burst']}")
        try:
            judge = judge_of(models, answer)
        except KeyError as error:
            violations.append(f"{file.stem}: {error}")
            continue
        for error in judge.iter_errors(answer["body"]) if judge else ():
            where = "/".join(map(str, error.absolute_path))
            violations.append(f"{file.stem}: {where}: {error.message[:300]}")
    print("\n".join(violations))
    print(f"{checked} answers checked, {len(violations)} violations")
    sys.exit(bool(violations) or not checked)


if __name__ == "__main__":
    main()
