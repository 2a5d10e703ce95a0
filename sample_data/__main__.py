"""``python -m sample_data OUT [--seed N]``: write the sample county."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sample_data.county import DEFAULT_SEED, generate


def main() -> int:
    """Write the sample county into a folder and say what it holds."""
    parser = argparse.ArgumentParser(
        prog="python -m sample_data",
        description="写出模拟县的全部数据 / write the simulated county",
    )
    parser.add_argument("out", type=Path, help="文件夹 / folder")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="随机种子 / seed")
    given = parser.parse_args()
    if given.seed < 0:
        parser.error(f"--seed 不能为负 / must not be negative: {given.seed}")
    try:
        manifest = generate(given.out, seed=given.seed)
    except OSError as error:
        sys.stderr.write(f"无法写入 {given.out}:{error} / cannot write {given.out}: {error}\n")
        return 3
    size_mb = sum(file.size for file in manifest.files) / 1e6
    sys.stdout.write(
        f"模拟数据 simulated: {len(manifest.files)} 个文件 files, {size_mb:.0f} MB, {given.out}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
