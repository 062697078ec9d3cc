//! Runs the contract over each store.

/// The names of all contract tests, handed to a macro.
macro_rules! for_each_contract_test {
    ($run:ident) => {
        $run! {
            log: appended_frames_read_back_in_order,
            log: a_new_shard_starts_at_epoch_one_and_position_one,
            log: reading_is_paged_by_the_limit,
            log: the_same_append_twice_is_committed_once,
            log: another_frame_at_a_taken_position_is_not_mine,
            log: a_gap_is_refused,
            log: an_oversize_frame_is_refused_and_leaves_no_trace,
            log: the_largest_frame_fits,
            log: a_roll_opens_the_next_segment_and_keeps_the_old_one_readable,
            log: a_repeated_roll_answers_the_same_position,
            log: a_sealed_segment_takes_no_frame,
            log: a_trim_forgets_the_older_segments_only,
            log: a_repeated_trim_changes_nothing,
            log: the_open_segment_is_never_trimmed,
            log: the_head_tells_owner_and_end,
            log: shards_do_not_mix,
            fencing: an_old_owner_is_fenced_in_every_call,
            fencing: a_frame_committed_before_the_takeover_is_not_called_fenced,
            fencing: a_takeover_goes_on_where_the_log_ended,
            fencing: claiming_again_in_the_same_life_raises_the_epoch,
            fencing: takeovers_across_rolls_and_trims_keep_the_log_whole,
            fencing: a_claim_after_a_crash_between_seal_and_next_segment_finds_both,
            fencing: h3_a_resumed_old_owner_commits_nothing,
            fencing: h12_trim_holds_against_a_resumed_old_owner,
            fencing: h13_racing_claims_have_one_winner_per_epoch,
            tables: a_row_is_read_by_every_node,
            tables: a_row_put_twice_stays,
            tables: h1_a_row_once_put_keeps_its_first_body_or_refuses,
            tables: a_scan_is_in_order_and_starts_and_stops_where_asked,
            tables: rows_of_several_nodes_are_scanned_as_one,
            tables: tables_and_keys_do_not_mix,
            tables: a_row_number_past_the_closing_row_is_refused,
            tables: a_versioned_cell_is_swapped_only_at_its_version,
            tables: racing_swaps_have_one_winner_per_version,
            tables: any_text_is_a_key,
            tables: a_cell_written_many_times_reads_as_the_last,
            lists: entries_of_one_moment_are_all_there_and_in_order,
            lists: a_list_is_read_back_below_any_place,
            lists: a_list_paged_to_its_end_has_every_entry_of_every_node_once,
            lists: an_entry_put_twice_is_listed_once,
            lists: lists_and_rows_do_not_mix,
            lists: a_number_that_can_t_be_stored_is_refused,
        }
    };
}

macro_rules! over_memory {
    ($($part:ident: $test:ident,)*) => {
        mod memory {
            $(#[tokio::test(start_paused = true)]
            async fn $test() {
                crate::contract::$part::$test(&crate::support::worlds::Memory::new(1)).await;
            })*
        }
        /// The same with delays and unknown outcomes all along: callers repeat, so nothing may change.
        mod faulty_memory {
            $(#[tokio::test(start_paused = true)]
            async fn $test() {
                for seed in 0..20 {
                    let world = crate::support::worlds::Memory::new(seed);
                    world.store.set_faults(super::hidden_outcomes());
                    crate::contract::$part::$test(&world).await;
                }
            })*
        }
    };
}

for_each_contract_test!(over_memory);

macro_rules! over_sqlite {
    ($($part:ident: $test:ident,)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                crate::contract::$part::$test(&crate::support::worlds::Sqlite::new()).await;
            })*
        }
    };
}

for_each_contract_test!(over_sqlite);

/// Outcomes are lost both ways and every trip takes time; nothing arrives late (late writes have tests of their own).
fn hidden_outcomes() -> handoff_journal::memory::Faults {
    handoff_journal::memory::Faults {
        lose_before: 0.1,
        lose_after: 0.1,
        delay_ms: (0, 3),
        timeout_ms: 10,
        ..handoff_journal::memory::Faults::default()
    }
}
