"""A realistic pipeline: the daily flights out of New York, as its YAML file reads."""

FLIGHTS_DAILY = """\
pipeline: flights-daily
team: ops-analytics
description: Flights leaving New York, day by day.
parameters:
  late_after: {type: integer, default: 15, min: 0, description: Minutes after which a departure is late}
  origins: {type: "list[enum]", of: [EWR, JFK, LGA], default: [EWR, JFK, LGA]}
sources:
  raw.flights:
    format: csv
    period: day
    from: flights_{period}.csv
    null: NA
    tolerance: 0.01
    columns:
      year: SMALLINT
      month: TINYINT
      day: TINYINT
      dep_time: INTEGER
      sched_dep_time: INTEGER
      dep_delay: DOUBLE
      arr_time: INTEGER
      sched_arr_time: INTEGER
      arr_delay: DOUBLE
      carrier: VARCHAR
      flight: INTEGER
      tailnum: VARCHAR
      origin: VARCHAR
      dest: VARCHAR
      air_time: DOUBLE
      distance: DOUBLE
      hour: INTEGER
      minute: INTEGER
      time_hour: TIMESTAMP
    arrival: {by: 07:00, timezone: America/New_York, first: 2013-01-01, last: 2013-02-28}
    checks:
      - not_null: [carrier, flight, origin]
      - row_count_between: {min: 500, max: 1200}
    expectations: manage
steps:
  - dataset: staging.flights
    sql: |
      SELECT
        make_date(year, month, day) AS flight_date,
        carrier, flight, tailnum, origin, dest,
        time_hour AS sched_hour, sched_dep_time, dep_delay, arr_delay,
        dep_time IS NULL AS cancelled,
        coalesce(dep_delay > $late_after, false) AS late
      FROM raw.flights
      WHERE origin IN ($origins) AND make_date(year, month, day) = $period
    materialise: {kind: incremental, by: period}
    checks:
      - not_null: [flight_date, carrier, flight]
      - unique: [flight_date, carrier, flight, origin, sched_dep_time]
      - between: {column: dep_delay, min: -60, max: 1440, severity: warn, tolerance: 0.01}
      - matches_pattern: {column: carrier, pattern: "[A-Z0-9]{2}"}
      - in_set: {column: origin, values: [EWR, JFK, LGA]}
      - references: {column: carrier, dataset: core.airlines}
  - dataset: mart.daily_operations
    sql: |
      SELECT
        flight_date, origin,
        count(*) AS scheduled,
        count(*) FILTER (WHERE cancelled) AS cancelled,
        count(*) FILTER (WHERE cancelled) / count(*) AS share_cancelled,
        avg(dep_delay) AS mean_delay,
        quantile_cont(dep_delay, 0.9) AS p90_delay
      FROM staging.flights
      GROUP BY flight_date, origin
    materialise: {kind: incremental, by: period}
    checks:
      - expression_is_true: {expression: share_cancelled <= 0.2, severity: warn, name: few cancelled}
  - dataset: mart.carrier_performance
    sql: |
      WITH flown AS (SELECT * FROM staging.flights WHERE NOT cancelled)
      SELECT a.name AS airline, f.carrier, count(*) AS flights, avg(f.arr_delay) AS mean_arr_delay,
        rank() OVER (ORDER BY avg(f.arr_delay)) AS place
      FROM flown AS f LEFT JOIN core.airlines AS a USING (carrier)
      GROUP BY ALL
      HAVING count(*) > 10
      ORDER BY place
alerts:
  emails: [ops@example.org]
"""
