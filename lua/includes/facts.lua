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
