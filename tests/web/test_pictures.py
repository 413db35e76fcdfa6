from pipelines_app.web import pictures
from pipelines_app.web.pictures import Lane, Stretch


def test_run_bars_stand_on_one_line_and_are_summed_up_in_words():
    drawn = pictures.run_bars(
        [{"state": "succeeded", "height": 1}, {"state": "succeeded"}, {"state": "failed", "height": 0.5}]
    )
    assert [bar.x for bar in drawn.bars] == [0, 7, 14]
    assert {round(bar.y + bar.height, 1) for bar in drawn.bars} == {20}
    assert [bar.tone for bar in drawn.bars] == ["good", "good", "bad"]
    assert drawn.summary == "Last 3 runs: 2 succeeded, 1 failed"


def test_heights_outside_of_the_scale_stay_in_the_picture():
    drawn = pictures.run_bars([{"state": "failed", "height": 7}, {"state": "failed", "height": -1}])
    assert [bar.height for bar in drawn.bars] == [20, 3]


def test_no_runs_are_said_to_be_none():
    assert pictures.run_bars([]).summary == "No runs yet"


def test_a_sparkline_leaves_out_what_is_unknown_and_survives_equal_values():
    assert pictures.spark([1, None, 3]).line == "0.0,22.0 100.0,2.0"
    assert pictures.spark([5, 5]).line == "0.0,12.0 100.0,12.0"
    assert pictures.spark([7]).line == "0.0,12.0 100.0,12.0"
    assert pictures.spark([None]).line == ""


def test_steps_are_placed_in_percent_of_their_run():
    line = pictures.gantt(
        [Lane("load", [Stretch(0, 50, "succeeded")], "50 s"), Lane("check", [Stretch(50, 100, "failed")])]
    )
    first, second = (lane.marks[0] for lane in line.lanes)
    assert (first.left, first.tone) == (0, "good")
    assert (round(second.left, 1), second.tone) == (44.6, "bad")
    assert first.left + first.width == second.left
    assert line.ticks[0].label == "0 s"
    assert len(line.ticks) <= 8


def test_a_gantt_of_nothing_and_of_an_instant_can_be_drawn():
    assert pictures.gantt([]).lanes == []
    assert pictures.gantt([Lane("load", [Stretch(0, 0, "reused")])]).lanes[0].marks[0].width == 0.5


def test_short_runs_have_ticks_in_milliseconds():
    assert [tick.label for tick in pictures.gantt([Lane("load", [Stretch(0, 0.3, "succeeded")])]).ticks][:3] == [
        "0 s",
        "50 ms",
        "100 ms",
    ]


def test_a_time_line_clips_what_lies_outside_and_marks_moments():
    line = pictures.time_line(
        [Lane("flights", [Stretch(-10, 50, "late"), Stretch(80, None, "arrived")])],
        start=0,
        end=100,
        ticks=[(0, "06:00"), (50, "07:00"), (200, "never")],
        now=25,
    )
    late, arrived = line.lanes[0].marks
    assert (late.left, late.width) == (0, 50)
    assert arrived.moment
    assert [tick.edge for tick in line.ticks] == ["start", "middle"]
    assert line.now == 25
