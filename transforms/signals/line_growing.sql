/*
title_en = "A line is growing"
title_nl = "Een lijn groeit"
sentence_en = "{unit} and {other_unit}: interaction is up to {ratio_percent} % of what it was, over the last three periods up to {name}."
sentence_nl = "{unit} en {other_unit}: de interactie is gestegen tot {ratio_percent} % van wat die was, over de laatste drie perioden tot en met {name}."
untold_en = "{unit} and {other_unit}: interaction is growing, over the last three periods up to {name}. By how much is hidden, to protect another number."
untold_nl = "{unit} en {other_unit}: de interactie groeit, over de laatste drie perioden tot en met {name}. Hoeveel blijft verborgen, om een ander getal te beschermen."
*/
select * from line_step
where state = 'growing' and state_before <> 'growing' and stake >= $signal_stake
