"""The checks of .ci/supply, told as cargo test tells its tests."""

import json
import pathlib
import subprocess
import sys
import tarfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
MSRV = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]


class Failed(Exception):
    pass


class NotRun(Exception):
    """What is missing on this machine: neither passed nor failed, and said loudly."""


def require(holds, sentence):
    if not holds:
        raise Failed(sentence)


def run(*command, check=True):
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    require(not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}")
    return done.stdout


def workspace():
    return json.loads(run("cargo", "metadata", "--no-deps", "--format-version=1", "--locked"))["packages"]


def published():
    return [package for package in workspace() if package["publish"] is None]


def licences_duplicates_sources():
    """deny.toml."""
    run("cargo", "deny", "--locked", "--all-features", "check", "--deny", "warnings", "licenses", "bans", "sources")


def advisories():
    """Known vulnerabilities, where RustSec's database can be had."""
    said = run("cargo", "deny", "--locked", "--all-features", "check", "advisories", check=False)
    if "failed to fetch advisory database" in said:
        raise NotRun("RustSec's advisory database cannot be fetched: known vulnerabilities were NOT looked for in this run")
    require("advisories ok" in said, said[-4000:])


def bills_of_materials():
    """CycloneDX 1.6: valid, complete, and without what is not linked."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    run(sys.executable, ".ci/sbom.py")
    for name, within, without in [("dke-cli", {"dke", "dke-gateway", "redb"}, {"quickcheck"}), ("dke", {"p256"}, {"getrandom"})]:
        text = (ROOT / f"target/sbom/{name}.cdx.json").read_text()
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        require(error is None, f"{name}: {error}")
        bom = json.loads(text)
        names = {component["name"] for component in bom["components"]}
        require(within <= names and not without & names, f"{name}: {sorted(names)}")
        known = {component["bom-ref"] for component in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
        require({entry["ref"] for entry in bom["dependencies"]} == known, f"{name}: the graph has other members")
        foreign = [component for component in bom["components"] if "hashes" not in component]
        require(all(component["name"].startswith("dke") for component in foreign), f"{name}: no checksum: {foreign}")


def minimum_rust_version():
    """Everything compiles with the version that Cargo.toml names."""
    require(all(package["rust_version"] == MSRV for package in workspace()), f"a crate does not say {MSRV}")
    same = run("rustc", "--version").split()[1].startswith(f"{MSRV}.")
    if not same and f"{MSRV}." not in run("rustup", "toolchain", "list", check=False):
        raise NotRun(f"Rust {MSRV} is not installed: whether it suffices was NOT checked in this run")
    run("cargo", *([] if same else [f"+{MSRV}"]), "check", "--workspace", "--locked", "--quiet")


def public_api():
    """tests/api: what users see changes only on purpose."""
    run("cargo", "run", "--release", "--quiet", "--locked", "--manifest-path", "tests/api/Cargo.toml")


def metadata():
    """What a registry shows of each crate that is published, and no other crate is."""
    for package in published():
        for field in ("description", "license", "readme", "keywords", "categories", "rust_version"):
            require(package[field], f"{package['name']} has no {field}")
    names = {package["name"] for package in workspace()} - {package["name"] for package in published()}
    require(names == {"dke-gallina", "dke-mutants", "dke-models", "dke-simulation", "dke-tests"}, f"not published: {names}")


def packages():
    """cargo package: the contents of every crate; the device's crate is also built from its package."""
    chosen = [flag for package in published() for flag in ("-p", package["name"])]
    dirty = ["--allow-dirty"] if run("git", "status", "--porcelain", check=False) else []
    run("cargo", "package", "--locked", "--no-verify", *dirty, *chosen)
    for package in published():
        name = f"{package['name']}-{package['version']}"
        with tarfile.open(ROOT / f"target/package/{name}.crate") as crate:
            files = [file.removeprefix(f"{name}/") for file in crate.getnames()]
        top = {file.split("/")[0] for file in files}
        expected = {"Cargo.toml", "Cargo.toml.orig", "Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src"}
        require(top - {".cargo_vcs_info.json"} == expected, f"{name}: {sorted(top)}")
        strays = [file for file in files if file.startswith("src/") and not file.endswith(".rs")]
        require(not strays, f"{name}: {strays}")
    run("cargo", "package", "--locked", *dirty, "-p", "dke")


CHECKS = [licences_duplicates_sources, advisories, bills_of_materials, minimum_rust_version, public_api, metadata, packages]


def main():
    passed = failed = 0
    for check in CHECKS:
        name = f"test supply::{check.__name__} ..."
        try:
            check()
            passed += 1
            print(f"{name} ok", flush=True)
        except NotRun as error:
            print(f"{name} NOT RUN\n!!!\n!!! {error}\n!!!", flush=True)
        except Failed as error:
            failed += 1
            print(f"{name} FAILED\n{error}", flush=True)
    print(f"\ntest result: {'FAILED' if failed else 'ok'}. {passed} passed; {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
