/*
title_en = "A new line"
title_nl = "Een nieuwe lijn"
sentence_en = "{unit} and {other_unit} have interaction in {name} where there was none before."
sentence_nl = "{unit} en {other_unit} hebben in {name} interactie waar die er eerder niet was."
*/
select * from line_step
where state = 'new' and state_before is null
