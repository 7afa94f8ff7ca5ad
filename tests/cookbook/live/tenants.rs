//! Rows that belonged to nobody get a tenant.

use repo_core::{Repository, schema};
use uuid::Uuid;

use crate::place::Place;
use crate::rebuild;

mod shared {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "teams")]
    pub struct Team {
        pub id: Uuid,
        #[repository(unique)]
        pub name: String,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "players")]
    pub struct Player {
        pub id: Uuid,
        #[repository(references = Team)]
        pub team_id: Uuid,
    }
}

mod owned {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "teams", tenant)]
    pub struct Team {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub name: String,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "players", tenant)]
    pub struct Player {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = Team)]
        pub team_id: Uuid,
    }
}

const CLUB: Uuid = Uuid::from_u128(7);

pub(crate) async fn tenant(place: &Place) {
    let old = place.program(&schema![shared::Team, shared::Player]).await;
    let (teams, players) =
        (old.session().repo::<shared::Team>(), old.session().repo::<shared::Player>());
    let reds = teams.create(shared::NewTeam { name: "reds".into() }).await.unwrap();
    let ann = players.create(shared::NewPlayer { team_id: reds.id }).await.unwrap();
    let schema = schema![owned::Team, owned::Player];
    let findings = place.findings(&schema).await;
    assert_eq!(findings[0], "the column `tenant_id` of `teams` is missing");
    assert!(
        findings
            .iter()
            .any(|it| it
                == "the primary key `teams_pkey` of `teams` is (id) instead of (tenant_id, id)"),
        "{findings:?}"
    );

    if place.is_sqlite() {
        let script = schema.script(&repo_sqlite::SqliteDialect).unwrap();
        let club = "unhex('00000000000000000000000000000007')";
        let (of_team, of_player) = (format!("id, {club}, name"), format!("id, {club}, team_id"));
        let tables = [
            ("teams", "id, tenant_id, name", of_team.as_str()),
            ("players", "id, tenant_id, team_id", of_player.as_str()),
        ];
        place.run(&rebuild::recipe(&script, &tables)).await;
    }
    place.migrate("tenant").await;
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());

    if !place.is_sqlite() {
        let bob = players.create(shared::NewPlayer { team_id: reds.id }).await.unwrap();
        teams.patch(reds.id, shared::TeamPatch::new().name("blues")).await.unwrap();
        let known =
            teams.create_or_get(shared::Team::NAME, shared::NewTeam { name: "blues".into() });
        assert_eq!(known.await.unwrap().entity.id, reds.id);
        players.delete(bob.id).await.unwrap();
    }
    for sql in place.later("tenant") {
        place.run(&sql).await;
    }
    assert!(place.findings(&schema).await.is_empty());
    assert_eq!(place.keys_of("teams").await, ["teams_tenant_id_name_key"]);
    assert_eq!(place.keys_of("players").await, ["players_tenant_id_team_id_idx"]);
    let club = new.tenant(CLUB);
    assert_eq!(club.repo::<owned::Player>().get(ann.id).await.unwrap().team_id, reds.id);
    let other = new.tenant(Uuid::nil()).repo::<owned::Player>();
    let stray = other.create(owned::NewPlayer { team_id: reds.id }).await;
    assert!(stray.is_err(), "the team is another tenant's");
    assert!(players.create(shared::NewPlayer { team_id: reds.id }).await.is_err());
}
