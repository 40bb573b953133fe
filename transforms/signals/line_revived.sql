/*
title_en = "A line came back"
title_nl = "Een lijn leeft weer op"
sentence_en = "{unit} and {other_unit} are in touch again in {name}, after a silence."
sentence_nl = "{unit} en {other_unit} hebben in {name} weer contact, na een stilte."
*/
select * from line_step
where state = 'revived' and state_before in ('quiet', 'lost')
