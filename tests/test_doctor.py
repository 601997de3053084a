"""`chainrule doctor` tells what is in use."""

from chainrule import doctor, native


def test_findings_name_tier_instruction_set_threads_versions_and_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    found = doctor.findings()
    assert found["tier"].startswith("native" if native.core else "reference")
    assert found["tier"].endswith(native.reason)
    assert found["instruction set"].startswith(native.isa)
    assert found["threads"].startswith(f"{native.get_num_threads()}: ")
    assert found["data: $CHAINRULE_DATA"] == f"{tmp_path} (found)"


def test_main_prints_every_finding(capsys):
    assert doctor.main() == 0
    out = capsys.readouterr().out
    for name in doctor.findings():
        assert name in out
