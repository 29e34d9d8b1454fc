"""The replication: data -> training -> gains -> curves -> figures and verdicts."""


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/jobs.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/quantities.smk"
include: "workflow/rules/study.smk"
include: "workflow/rules/zoo.smk"
include: "workflow/rules/toy.smk"
include: "workflow/rules/choices.smk"
include: "workflow/rules/accuracy.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule replication:
    input:
        expand(
            f"{FIGURE_FOLDER}/{{figure}}.{{format}}",
            figure=DRAWN_FIGURES,
            format=PROTOCOL.figures.formats,
        ),
        CURVES.values(),
        DIAGNOSES,
        VERDICTS,
        CHOICES,
        ACCURACY,
        PROVENANCE,
        REPORT,
        # What is never committed: without it a clone's committed results would count as made.
        expand(f"{TRAINED}/snapshots.safetensors", run=RUNS),
        FIGURE_FILES.get("toy.safetensors", []),
        FIGURE_FILES.get("*.safetensors", []),


rule study:
    input:
        STUDY_TABLES,
        STUDY_OUTCOMES,
        PROVENANCE,
        expand(
            f"{FIGURE_FOLDER}/{{figure}}.{{format}}",
            figure=DRAWN_FIGURES,
            format=PROTOCOL.figures.formats,
        ),


rule all:
    input:
        rules.study.input if STUDY else rules.replication.input,
    default_target: True


onstart:
    show_progress(
        TrainingsProgress(
            Path(f"{RESULTS}/runs"),
            Path(f"{LOGS}/train"),
            {name: run.epochs for name, run in RUNS.items()},
            COSTS,
            LEADERS,
        ),
        logger.handlers,
    )


onsuccess:
    if Path(VERDICTS[0]).exists():  # A call may have asked for other targets only.
        shell("maxgain verdicts {VERDICTS[0]:q}")
    if STUDY and Path(f"{RESULTS}/verdict.md").exists():
        logger.info(Path(f"{RESULTS}/verdict.md").read_text(encoding="utf-8").splitlines()[2])
    if Path(REPORT).exists():
        logger.info(f"To look at, in a browser: {REPORT}")
