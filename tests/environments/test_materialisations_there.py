"""What holds of every materialisation holds on PostgreSQL as well."""

import pytest

from pipelines_app.environments import mapping
from pipelines_app.models import EngineName, Environment
from tests.stories import test_materialisations as stories


@pytest.fixture(autouse=True)
def on_postgres(warehouse, settings, db):
    settings.WAREHOUSE_URL = warehouse.url
    mapping.production()
    Environment.objects.update(engine=EngineName.POSTGRES)
    mapping.forget()


test_rows_are_put_over_those_of_their_key_and_what_reads_them_sees_the_whole = (
    stories.test_rows_are_put_over_those_of_their_key_and_what_reads_them_sees_the_whole
)
test_a_corrected_period_in_the_middle_is_made_good_in_all_that_follows = (
    stories.test_a_corrected_period_in_the_middle_is_made_good_in_all_that_follows
)
test_a_history_says_since_when_and_until_when = stories.test_a_history_says_since_when_and_until_when
test_a_key_that_is_there_twice_fails_the_step_and_is_named_and_readers_keep_what_they_have = (
    stories.test_a_key_that_is_there_twice_fails_the_step_and_is_named_and_readers_keep_what_they_have
)
test_the_periods_of_a_merge_are_known_and_its_readers_find_no_periods = (
    stories.test_the_periods_of_a_merge_are_known_and_its_readers_find_no_periods
)
test_what_is_added_is_added_once_for_each_version_of_what_it_reads = (
    stories.test_what_is_added_is_added_once_for_each_version_of_what_it_reads
)
test_a_view_keeps_nothing_and_is_read_like_a_table = stories.test_a_view_keeps_nothing_and_is_read_like_a_table
test_a_view_stays_with_what_its_run_read_and_so_do_its_readers = (
    stories.test_a_view_stays_with_what_its_run_read_and_so_do_its_readers
)
test_a_view_whose_check_fails_is_held_back_and_readers_keep_the_last = (
    stories.test_a_view_whose_check_fails_is_held_back_and_readers_keep_the_last
)
test_what_was_a_table_becomes_a_view_and_a_table_again = stories.test_what_was_a_table_becomes_a_view_and_a_table_again
