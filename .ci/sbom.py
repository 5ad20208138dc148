#!/usr/bin/env python3
"""Writes a CycloneDX 1.6 bill of materials for each artefact that is shipped: what `cargo` links into it, with licences and checksums.

    .ci/sbom.py [folder]        default target/sbom

The same sources give the same bytes: there is no date and no serial number in it.
"""

import json
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Artefact: crate, kind, target. The node's library is for devices without an operating system.
ARTEFACTS = [
    ("dke-cli", "application", "x86_64-unknown-linux-gnu"),
    ("dke", "library", "thumbv7em-none-eabi"),
]


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def purl(package):
    return "pkg:cargo/{}@{}".format(*package)


def linked(name, target):
    """Each (name, version) that is linked into an artefact, with the set of those that it depends on itself; the artefact first."""
    tree = cargo("tree", "--locked", "-p", name, "--target", target, "-e", "normal", "--prefix", "depth", "-f", " {p}")
    graph, path = {}, []
    for line in tree.splitlines():
        depth, package, version, *_ = line.split()
        node = (package, version.removeprefix("v"))
        path[int(depth):] = [node]
        graph.setdefault(node, set())
        if int(depth) > 0:
            graph[path[-2]].add(node)
    return graph


def component(package, kind, licences, checksums):
    entry = {
        "type": kind,
        "bom-ref": purl(package),
        "name": package[0],
        "version": package[1],
        "purl": purl(package),
        "licenses": [{"expression": licences[package]}],
    }
    checksum = checksums.get(package)
    return entry | ({"hashes": [{"alg": "SHA-256", "content": checksum}]} if checksum else {})


def bill(name, kind, target, licences, checksums):
    graph = linked(name, target)
    artefact, *others = graph
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": component(artefact, kind, licences, checksums),
            "properties": [{"name": "cargo:target", "value": target}],
        },
        "components": [component(package, "library", licences, checksums) for package in sorted(others)],
        "dependencies": [
            {"ref": purl(package), "dependsOn": [purl(dependency) for dependency in sorted(graph[package])]}
            for package in sorted(graph)
        ],
    }


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/sbom"
    folder.mkdir(parents=True, exist_ok=True)
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(package["name"], package["version"]): package.get("checksum") for package in lock}
    packages = json.loads(cargo("metadata", "--format-version=1", "--locked"))["packages"]
    # Old crates write MIT/Apache-2.0 for MIT OR Apache-2.0.
    licensed = [package for package in packages if package["license"]]
    licences = {(package["name"], package["version"]): package["license"].replace("/", " OR ") for package in licensed}
    for name, kind, target in ARTEFACTS:
        bom = bill(name, kind, target, licences, checksums)
        (folder / f"{name}.cdx.json").write_text(json.dumps(bom, indent=2) + "\n")
        print(f"{folder.name}/{name}.cdx.json: {len(bom['components'])} components")


if __name__ == "__main__":
    main()
