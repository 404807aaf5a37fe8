"""Scores an archive of photos on a Ray cluster, into Parquet files.

    python3 -m pip install ray pyarrow
    python3 score_on_ray.py LIST FOLDER [options] [-- options of "keepers score"]

LIST has a photo's path on each line (with --null: a zero byte behind each), as every
machine of the cluster sees it. It is cut into chunks; each is one task, in which
`keepers score` does the work, and becomes one file in FOLDER, which every machine has
to see as well. A file appears when all photos of its chunk are answered, so whatever
is killed, a chunk is there wholly or not at all, and once. Running the same command
again goes on with the chunks that are missing. docs/scale.md tells more.
"""

import argparse
import hashlib
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid

import pyarrow
import pyarrow.parquet
import ray

# Tasks that are handed out and not done, for each that can run: enough that no
# machine waits for the next, and few enough for the driver's memory.
AHEAD = 3

SCHEMA = pyarrow.schema(
    [
        ("path", pyarrow.string()),
        ("score", pyarrow.float64()),
        ("error", pyarrow.string()),
        ("path_bytes", pyarrow.string()),
        # The rest only with "-- --details".
        ("width", pyarrow.int32()),
        ("height", pyarrow.int32()),
        ("model", pyarrow.string()),
        ("model_identity", pyarrow.string()),
        ("scene", pyarrow.string()),
        ("uncertainty", pyarrow.struct([("low", pyarrow.float64()), ("high", pyarrow.float64())])),
    ]
)


class ChunkError(Exception):
    """A chunk was not answered; it is worth another try, maybe on another machine."""


def paths_of(file, separator):
    """The entries of a list, one after the other, whatever its length."""
    rest = b""
    while block := file.read(1 << 20):
        *entries, rest = (rest + block).split(separator)
        yield from filter(None, entries)
    if rest:
        yield rest


def chunks_of(paths, size):
    """Chunks of paths, each with a name that its place and content give."""
    paths = iter(paths)
    for number in itertools.count():
        chunk = list(itertools.islice(paths, size))
        if not chunk:
            return
        content = hashlib.sha256(b"\0".join(chunk)).hexdigest()[:16]
        yield f"{number:07}-{content}.parquet", chunk


def score(keepers, options, folder, name, chunk):
    """Scores a chunk and puts its file in place; (scored, failed)."""
    with tempfile.TemporaryDirectory() as own:
        # The files in FOLDER are what is remembered; a catalog of this task's own keeps
        # the user's as it is.
        catalog = os.path.join(own, "keepers.db")
        command = [keepers, "score", "--files-from", "-", "--null", "--format", "jsonl"]
        command += ["--quiet", "--catalog", catalog, *options]
        listed = b"".join(path + b"\0" for path in chunk)
        ran = subprocess.run(command, input=listed, capture_output=True)
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    # 1 where no photo could be scored, 3 where some could not: those are results, too.
    if ran.returncode not in (0, 1, 3) or len(rows) != len(chunk):
        said = ran.stderr.decode(errors="replace").strip()
        raise ChunkError(f"{name}: {len(rows)} of {len(chunk)} rows, status {ran.returncode}: {said}")
    table = pyarrow.Table.from_pylist(rows, schema=SCHEMA)
    part = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.part")
    try:
        with open(part, "xb") as file:
            pyarrow.parquet.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, os.path.join(folder, name))
    except BaseException:
        pathlib.Path(part).unlink(missing_ok=True)
        raise
    failed = table["error"].length() - table["error"].null_count
    return len(chunk) - failed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("list", type=pathlib.Path, metavar="LIST")
    parser.add_argument("folder", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--null", "-0", action="store_true", help="a zero byte is behind each path")
    parser.add_argument("--chunk", type=int, default=500, metavar="N", help="photos of a chunk (500)")
    parser.add_argument("--cpus", type=int, metavar="N", help="cores of a task (all of a machine)")
    parser.add_argument("--keepers", default="keepers", metavar="FILE", help="the program, on every machine")
    parser.epilog = 'What follows "--" are options of "keepers score".'
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    args, options = parser.parse_args(given[:cut]), given[cut + 1 :]

    def chunks():
        with open(args.list, "rb") as file:
            yield from chunks_of(paths_of(file, b"\0" if args.null else b"\n"), args.chunk)

    args.folder.mkdir(parents=True, exist_ok=True)
    strangers = {file.name for file in args.folder.glob("*.parquet")}
    strangers.difference_update(name for name, _ in chunks())
    if strangers:
        # Their photos would be there twice.
        parser.error(f"{args.folder}: holds {len(strangers)} files of another list or chunk size")
    ray.init(log_to_driver=False)
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    cpus = args.cpus or min(filter(None, machines))
    at_once = max(1, sum(machine // cpus for machine in machines))
    # Ray starts a task again whose worker died, and here also one that failed.
    task = ray.remote(num_cpus=cpus, max_retries=5, retry_exceptions=[ChunkError])(score)

    folder = args.folder.resolve()
    there, scored, failed, lost = 0, 0, 0, 0
    running = []

    def collect(most):
        nonlocal running, scored, failed, lost
        while len(running) > most:
            [ready], running = ray.wait(running)
            try:
                of_chunk = ray.get(ready)
            except Exception as error:  # Whatever it is, the other chunks go on.
                lost += 1
                print(f"not done: {error}", file=sys.stderr)
                continue
            scored, failed = scored + of_chunk[0], failed + of_chunk[1]
            print(f"{scored + failed} photos done", flush=True)

    for name, chunk in chunks():
        if (folder / name).exists():
            there += 1
            continue
        collect(AHEAD * at_once - 1)
        running.append(task.remote(args.keepers, options, str(folder), name, chunk))
    collect(0)
    print(f"{scored} photos scored, {failed} failed; {there} chunks were there, {lost} are missing")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
