-- What products' options and coupons say of themselves: JSON that most commands of a batch share, and changes rarely.

local facts_of_text = {}

-- Parses it once per batch. The table is shared: nobody may write to it.
local function parse_facts(text)
  local facts = facts_of_text[text]
  if not facts then
    facts = cjson.decode(text)
    facts_of_text[text] = facts
  end
  return facts
end

-- Applies changes to a table, where null takes a value away. Returns whether anything is different now.
local function apply_changes(facts, changes)
  local is_changed = false
  for name, value in pairs(changes) do
    if value == cjson.null then
      value = nil
    end
    if facts[name] ~= value then
      facts[name] = value
      is_changed = true
    end
  end
  return is_changed
end

-- Whether something would end before it starts. Either end may be open.
local function is_backwards(starts_at, ends_at)
  return starts_at and ends_at and starts_at >= ends_at
end
