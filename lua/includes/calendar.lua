-- Redis' Lua has no dates. Days are UTC days.

-- The date of a time in ms as YYYYMMDD, by counting 400-year eras from March 1st of the year 0.
local function utc_day(time_ms)
  local days = math.floor(time_ms / 86400000) + 719468
  local era = math.floor(days / 146097)
  local day_of_era = days - era * 146097
  local leap_days = math.floor(day_of_era / 1460) - math.floor(day_of_era / 36524) + math.floor(day_of_era / 146096)
  local year_of_era = math.floor((day_of_era - leap_days) / 365)
  local day_of_year = day_of_era
    - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local month_from_march = math.floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - math.floor((153 * month_from_march + 2) / 5) + 1
  local month = month_from_march < 10 and month_from_march + 3 or month_from_march - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d%02d%02d', year, month, day)
end
