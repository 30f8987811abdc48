"""A packaged template of the stack, or the template of the pipeline, and how checks are held against it.

A check is a function that yields what is wrong with a template. Each template is then damaged in every way that the
check's table of faults lists: damage that no check names as the table says is a failure too, of the checks themselves.
"""

import copy
import json
from pathlib import Path

from cfnlint.decode import cfn_yaml

# What the damage of a fault returns that a template can't have.
IMPOSSIBLE = object()
# The stages that may lose their data. Any other is protected, whatever it is called.
DEVELOPMENT = ("dev",)


class Template:
    def __init__(self, template):
        self.body = template
        self.resources = template["Resources"]
        # What osls packages beside the template, some of which it applies itself.
        service = template.get("osls", {}).get("service", {})
        self.provider = service.get("provider", {})
        self.custom = service.get("custom", {})
        self.options = self.custom.get("options", {})

    def all(self, kind):
        """The properties of all resources of a kind, by their names."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == f"AWS::{kind}"
        }

    def one(self, kind):
        (properties,) = self.all(kind).values()
        return properties

    @property
    def functions(self):
        """The functions, by the names of their programs."""
        return {properties["Handler"]: properties for properties in self.all("Lambda::Function").values()}

    @property
    def is_http_api(self):
        return bool(self.all("ApiGatewayV2::Api"))

    @property
    def is_protected(self):
        return self.provider["stage"] not in DEVELOPMENT


def read(path):
    path = Path(path)
    if path.suffix == ".yml":
        return json.loads(json.dumps(cfn_yaml.load(str(path))))
    template = json.loads(path.read_text())
    template["osls"] = json.loads((path.parent / "serverless-state.json").read_text())
    return template


def referenced(value):
    """The names of resources that something refers to."""
    if isinstance(value, dict):
        if "Ref" in value:
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        value = value.values()
    elif not isinstance(value, list):
        return
    for part in value:
        yield from referenced(part)


def listed(value):
    return value if isinstance(value, list) else [value]


def held(paths, checks, faults):
    """What the checks find in the templates, and which faults they do not notice.

    A fault is a kind of resource, what is done to the first of them, and what a check has to say of it. Without a kind,
    it is done to the whole template; one that it can't be done to returns IMPOSSIBLE.
    """
    untried = set(faults)
    for path in paths:
        template = read(path)
        found = [said for check in checks for said in check(Template(template))]
        yield from (f"{path}: {said}" for said in found)
        for name, (kind, damage, wanted) in faults.items():
            damaged = Template(copy.deepcopy(template))
            part = next(iter(damaged.all(kind).values()), None) if kind else damaged
            if part is None or damage(part) is IMPOSSIBLE:
                continue
            untried.discard(name)
            if not any(wanted in said for check in checks for said in check(damaged)):
                yield f"{path}: not noticed: {name}"
    yield from (f"no template has what can have the fault: {name}" for name in untried)
