CREATE SCHEMA IF NOT EXISTS stage;
CREATE TABLE directory_file("label" VARCHAR NOT NULL, "content" VARCHAR NOT NULL);
CREATE TABLE directory_row("label" VARCHAR NOT NULL, kind VARCHAR NOT NULL, address VARCHAR NOT NULL, other VARCHAR, boundary VARCHAR, unit VARCHAR, valid_from DATE, valid_to DATE, "share" DOUBLE, "position" BIGINT NOT NULL);
CREATE TABLE "identity"(address_id BIGINT NOT NULL, address VARCHAR NOT NULL);
INSERT INTO directory_file VALUES
('directory/people.csv', '508a87c23b279adaab0e505d924e340a');
INSERT INTO directory_row VALUES
('directory/people.csv', 'members', 'aqua1@aqua.example', NULL, 'organisation', 'Aqua', NULL, NULL, NULL, 2),
('directory/people.csv', 'members', 'aqua2@aqua.example', NULL, 'organisation', 'Aqua', NULL, NULL, NULL, 3),
('directory/people.csv', 'members', 'aqua3@aqua.example', NULL, 'organisation', 'Aqua', NULL, NULL, NULL, 4),
('directory/people.csv', 'members', 'aqua4@aqua.example', NULL, 'organisation', 'Aqua', NULL, NULL, NULL, 5),
('directory/people.csv', 'members', 'aqua5@aqua.example', NULL, 'organisation', 'Aqua', NULL, NULL, NULL, 6),
('directory/people.csv', 'members', 'aqua6@aqua.example', NULL, 'organisation', 'Aqua', NULL, NULL, NULL, 7),
('directory/people.csv', 'members', 'aqua7@aqua.example', NULL, 'organisation', 'Aqua', NULL, NULL, NULL, 8),
('directory/people.csv', 'members', 'bosk1@bosk.example', NULL, 'organisation', 'Bosk', NULL, NULL, NULL, 9),
('directory/people.csv', 'members', 'bosk2@bosk.example', NULL, 'organisation', 'Bosk', NULL, NULL, NULL, 10),
('directory/people.csv', 'members', 'bosk3@bosk.example', NULL, 'organisation', 'Bosk', NULL, NULL, NULL, 11),
('directory/people.csv', 'members', 'bosk4@bosk.example', NULL, 'organisation', 'Bosk', NULL, NULL, NULL, 12),
('directory/people.csv', 'members', 'bosk5@bosk.example', NULL, 'organisation', 'Bosk', NULL, NULL, NULL, 13),
('directory/people.csv', 'members', 'bosk6@bosk.example', NULL, 'organisation', 'Bosk', NULL, NULL, NULL, 14),
('directory/people.csv', 'members', 'bosk7@bosk.example', NULL, 'organisation', 'Bosk', NULL, NULL, NULL, 15),
('directory/people.csv', 'members', 'cura1@cura.example', NULL, 'organisation', 'Cura', NULL, NULL, NULL, 16),
('directory/people.csv', 'members', 'cura2@cura.example', NULL, 'organisation', 'Cura', NULL, NULL, NULL, 17),
('directory/people.csv', 'members', 'cura3@cura.example', NULL, 'organisation', 'Cura', NULL, NULL, NULL, 18),
('directory/people.csv', 'members', 'cura4@cura.example', NULL, 'organisation', 'Cura', NULL, NULL, NULL, 19),
('directory/people.csv', 'members', 'cura5@cura.example', NULL, 'organisation', 'Cura', NULL, NULL, NULL, 20),
('directory/people.csv', 'members', 'cura6@cura.example', NULL, 'organisation', 'Cura', NULL, NULL, NULL, 21),
('directory/people.csv', 'members', 'cura7@cura.example', NULL, 'organisation', 'Cura', NULL, NULL, NULL, 22);
INSERT INTO identity VALUES
(12587790899081950, 'aqua4@aqua.example'),
(2114717978040191720, 'bosk4@bosk.example'),
(3844122724261685660, 'aqua2@aqua.example'),
(7041276578066014564, 'cura1@cura.example'),
(7521263768305625545, 'aqua5@aqua.example'),
(3413006977030363159, 'aqua3@aqua.example'),
(3580983925633015407, 'aqua6@aqua.example'),
(8878145886875412933, 'bosk5@bosk.example'),
(2877207903688913571, 'cura3@cura.example'),
(6659762529774094362, 'bosk6@bosk.example'),
(4637992584219191950, 'aqua1@aqua.example'),
(9207140202059050935, 'cura4@cura.example'),
(1788500849249315482, 'bosk1@bosk.example'),
(2773486464755242719, 'cura2@cura.example'),
(429535783079118807, 'cura5@cura.example'),
(6003620527966012862, 'new@aqua.example'),
(4624238455499715999, 'cura6@cura.example'),
(5927962330866168232, 'cura7@cura.example'),
(5869284616826308389, 'bosk2@bosk.example'),
(2151240869118845395, 'bosk3@bosk.example'),
(3837562054101433392, 'bosk7@bosk.example'),
(598253656971561953, 'aqua7@aqua.example');
