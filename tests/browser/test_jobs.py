"""Picker, job output and log in a real JupyterLab; Ray and the engine are stood in for."""

import json
import re

from playwright.sync_api import expect


def test_from_picker_to_chat_and_back_after_a_restart(notebook):
    page = notebook.open(
        "picker", ["import jupyter_crater as crater; crater.picker()", "crater.job('picked')"]
    ).page
    notebook.command("notebook:run-cell")
    picker = page.locator(".crater-Picker")
    picker.get_by_text("DeepSeek R1 distributed inference").click(timeout=30_000)

    # A value that is no number: said in its field, nothing to launch.
    context = picker.locator("[data-parameter=max_model_len] input")
    context.fill("many")
    expect(picker.locator("[data-parameter=max_model_len] [role=alert]")).to_contain_text("whole")
    expect(picker.get_by_role("button", name=re.compile("^Launch"))).to_be_disabled()
    context.fill("2048")

    # A value that is legal JSON and illegal for the model: a finding, whose button mends it.
    picker.locator("[data-parameter=tensor_parallel] input").fill("3")
    expect(picker.locator(".crater-Verdict")).to_contain_text("would not start")
    expect(picker.locator("[data-parameter=tensor_parallel]")).not_to_contain_text("4")
    picker.get_by_role("button", name=re.compile("TP 4 × PP 2")).click()
    expect(picker.locator("[data-parameter=tensor_parallel] input")).to_have_value("4")
    expect(picker.locator(".crater-Verdict-word")).to_have_text("It fits")
    expect(picker.locator(".crater-Memory-bar")).not_to_have_count(0)

    # The start command follows the fields and the fields follow the command.
    picker.get_by_text("Start command").click()
    command = picker.locator(".crater-Command textarea")
    expect(command).to_have_value(re.compile("--max-model-len 2048"))
    command.fill(command.input_value().replace("--max-model-len 2048", "--max-model-len 1024"))
    picker.get_by_role("button", name="Put into the fields").click()
    expect(context).to_have_value("1024")
    picker.get_by_role("button", name="As code").click()
    expect(picker.locator(".crater-Code pre")).to_contain_text("max_model_len=1024")

    # A rehearsal is announced before it is launched.
    picker.get_by_label("Name", exact=True).fill("picked")
    expect(picker).to_contain_text("it will be a rehearsal")
    picker.get_by_role("button", name="Launch the rehearsal").click()
    job = picker.locator(".crater-Job")
    expect(job.locator(".crater-Bar .crater-Phase")).to_have_text("serving", timeout=60_000)
    expect(job.locator(".crater-Addresses")).to_contain_text("127.0.0.1")
    expect(job.locator(".crater-Addresses")).to_contain_text("http://127.0.0.1:")
    expect(job.locator(".crater-Timeline")).to_contain_text("waiting for workers")
    expect(job.get_by_label("Tasks")).to_contain_text("worker")

    # The same job as a cell's output, over REST.
    notebook.command("notebook:run-all-cells")
    output = page.locator(".crater-Output .crater-Job")
    expect(output.locator(".crater-Bar .crater-Phase")).to_have_text("serving", timeout=30_000)
    output.get_by_role("tab", name="Chat").click()
    output.locator(".crater-Composer textarea").fill("What is gravity?")
    output.locator(".crater-Composer textarea").press("Enter")
    expect(output.locator(".crater-Turn-stats")).to_contain_text("tokens/s")

    # Saved, closed, opened again with no kernel: the output is live all the same.
    page.evaluate("async () => { await jupyterapp.commands.execute('docmanager:save') }")
    saved = json.loads((notebook.lab.root / "picker.ipynb").read_text())
    kinds = [set(o["data"]) for o in saved["cells"][1]["outputs"] if "data" in o]
    assert {"application/vnd.jupyter-crater.job+json", "text/html", "text/plain"} in kinds
    page.evaluate(
        "async () => { await jupyterapp.serviceManager.sessions.shutdownAll();"
        " await jupyterapp.commands.execute('docmanager:reload') }"
    )
    page.reload()
    output = page.locator(".crater-Output .crater-Job")
    expect(output.locator(".crater-Bar .crater-Phase")).to_have_text("serving", timeout=60_000)

    # Stop asks first.
    output.get_by_role("button", name="Stop").click()
    output.get_by_role("button", name="Keep").click()
    output.get_by_role("button", name="Stop").click()
    output.get_by_role("alertdialog").get_by_role("button", name="Stop").click()
    expect(output.locator(".crater-Bar .crater-Phase")).to_have_text("stopped", timeout=60_000)
    output.get_by_role("button", name="Delete").click()
    output.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(output).to_contain_text("no longer there", timeout=60_000)
    assert notebook.problems == []


def test_a_long_and_hostile_log(notebook):
    hostile = "<img src=x onerror=window.pwned=1> \\x1b[31mred \\u202e backwards <script>"
    launch = f"""import os, jupyter_crater as crater
os.environ["CRATER_SCRIPT_LINES"] = "100000"
os.environ["CRATER_SCRIPT_LOG"] = "{hostile}"
job = crater.launch("deepseek-r1-distributed", name="loud")
job.wait(timeout=60); None"""
    cells = [launch, "job"]
    page = notebook.open("loud", cells).run_all().page
    output = page.locator(".crater-Output .crater-Job")
    output.get_by_role("tab", name="Log").click(timeout=60_000)
    log = output.locator(".crater-Log")
    expect(log.locator(".crater-Log-count")).to_contain_text(
        re.compile(r"100,0\d\d"), timeout=60_000
    )
    expect(log.locator(".crater-Log-line").last).to_contain_text("startup complete")
    assert output.evaluate("view => view.querySelectorAll('*').length") < 500
    log.get_by_label("Filter the log").fill("line 54242 ")
    expect(log.locator(".crater-Log-line")).to_have_count(1)
    text = log.locator(".crater-Log-line").inner_text()
    assert "<img src=x onerror" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert log.locator("img, script").count() == 0
    assert page.evaluate("window.pwned") is None
    assert notebook.problems == []


def test_calculator_and_panel(notebook):
    cells = ["import jupyter_crater as crater; crater.calculator()", "crater.panel()"]
    page = notebook.open("calculator", cells).run_all().page
    view = page.locator(".crater-Calculator")
    expect(view.locator(".crater-Verdict-word")).to_have_text("It fits", timeout=30_000)
    view.locator("[data-parameter=gpus_per_node] input").fill("2")
    expect(view.locator(".crater-Verdict-word")).to_have_text("It does not fit")
    expect(view.get_by_label("Alternatives")).to_contain_text("short on each GPU")
    view.get_by_role("button", name=re.compile("Use 4 GPUs")).click()
    expect(view.locator(".crater-Verdict-word")).to_have_text("It fits")
    view.locator("[data-parameter=gpu] input").fill("Voodoo 2")
    expect(view.locator("[data-parameter=gpu] [role=alert]")).to_contain_text("Voodoo 2")
    expect(page.locator(".crater-Jobs")).to_contain_text("Jobs")
    assert notebook.problems == []
