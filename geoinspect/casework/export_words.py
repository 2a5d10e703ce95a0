"""What stands beside an exported case: how to check it, and what that proves."""

from __future__ import annotations

from geoinspect.report.dossier_body import SIMULATED

_README = """线索 {number} 导出包 / Export of case {number}
{line}
{simulated}制作时间 made at: {made_at}
制作人 made by: {made_by}

里面有什么 / What is in it
  dossier.html / .pdf / .docx   卷宗,三种格式内容相同 / the dossier, the same in three forms
  case.json                     线索、经过、证据的全部字段 / every field of the case
  events.csv                    办理经过(Excel 可直接打开)/ what happened, for spreadsheets
  ground.geojson                地块与证据位置,WGS84 / ground and places of evidence
  evidence/                     证据原件,一个字节都没有改 / the originals, byte for byte
  rows/                         本线索每条记录的封存原文 / the text of each sealed record
  chain/                        本线索每一行审计链的原文 / the text of each row of the audit chain
  anchor.txt                    制作时审计链的末端 / the end of the audit chain then
  SHA256SUMS                    全部文件的哈希 / the hashes of all files

怎样核对(不需要本软件)/ How to check it, without our software
  Linux, macOS:  sha256sum -c SHA256SUMS        (macOS: shasum -a 256 -c SHA256SUMS)
                 cd chain && sha256sum -c SHA256SUMS
                 cd rows && sha256sum -c SHA256SUMS
  Windows:       certutil -hashfile evidence\\01-photo.jpg SHA256
                 与 SHA256SUMS 中同名的一行比较 / compare with the line of that name in SHA256SUMS
  7-Zip:         右键文件 → CRC SHA → SHA-256 / right click → CRC SHA → SHA-256
  PowerShell:    Get-FileHash -Algorithm SHA256 evidence\\01-photo.jpg

证据怎样连到审计链 / How a piece of evidence hangs on the chain
  1. evidence/ 中文件的 SHA-256 写在 rows/evidence-N.txt 里。
     The SHA-256 of a file in evidence/ stands in rows/evidence-N.txt.
  2. rows/evidence-N.txt 的 SHA-256 写在 chain/ 某一行的 "sealed" 里(["evidence", N, ...])。
     The SHA-256 of rows/evidence-N.txt stands in a row of chain/, under "sealed".
     线索本身(rows/case-N.txt)和关联(case_link)会变化:以编号最大的一行为准。
     The case itself and its links change: the row with the largest number counts.
  3. chain/000123.txt 的 SHA-256 就是第 123 行的哈希(见 chain/SHA256SUMS);文件开头的 64 位是上一行的
     哈希。两行编号相连时,后一行的开头就是前一行的哈希。
     The SHA-256 of chain/000123.txt is the hash of row 123; the file begins with the hash of the
     row before it. Where two numbers follow each other, the second begins with the hash of the first.

证明什么,不证明什么 / What this proves and what not
  证明:这些文件自导出以来没有改动;每份证据与其入库时登记的哈希相符(不符会被 sha256sum -c 点名)。
  It proves that these files were not changed since the export, and that each piece of evidence
  still has the hash it had when it came in (sha256sum -c names one that has not).
  不证明:写入的内容属实;也不能单凭本包证明整条链没有被重写——行与行之间属于其他线索的内容不外传。
  请让导出单位出示完整的审计链(geoinspect audit verify),并与早先打印或另存的锚点核对。
  It does not prove that what was written is true. Nor can this folder alone prove that the chain
  was not made anew: the rows between belong to other cases and stay in the office. Let the office
  verify its whole chain (geoinspect audit verify) against an anchor that was kept elsewhere earlier.
  能重写本包的人也能重写 SHA256SUMS:请另行索取(电话、纸面)SHA256SUMS 文件自身的哈希或锚点核对码。
  Who can rewrite this folder can rewrite SHA256SUMS too: ask for its own hash, or for the check code
  of the anchor, by another way (telephone, paper).
{damaged}"""

_DAMAGED = """
注意 / NOTE
  以下证据在导出时已与入库时不符或丢失,sha256sum -c 会点名 / These were changed or gone already when
  the export was made; sha256sum -c names them:
{names}
"""


def readme_text(
    *, number: str, made_at: str, made_by: str, simulated: bool, damaged: list[str]
) -> str:
    """Return the README of an export.

    Args:
        number: Of the case.
        made_at, made_by: When and by whom.
        simulated: Whether the data is.
        damaged: Names of evidence files that are not as they came.
    """
    told = "" if not damaged else _DAMAGED.format(names="\n".join(f"  {name}" for name in damaged))
    mark = f"*** {SIMULATED.zh} / {SIMULATED.en} ***\n" if simulated else ""
    return _README.format(
        number=number,
        line="=" * 60,
        simulated=mark,
        made_at=made_at,
        made_by=made_by,
        damaged=told,
    )
